import { readFile } from 'node:fs/promises';
import type { ContainerSecurity } from '../../driver.ts';
import { wrongCapability } from './capabilities.ts';

/** What this host has to isolate containers with. */
export interface HostIsolation {
  /** What this process may give. */
  capabilities: ReadonlySet<string>;
  /** Names of the loaded profiles; undefined where AppArmor is not enabled. */
  appArmor: ReadonlySet<string> | undefined;
}

/** Stands for the type RuntimeDefault once the administrator has loaded a profile of this name. */
const defaultProfile = 'berth-default';

/** Profiles are loaded at any time, so they are read for each container. */
export async function readAppArmor(): Promise<ReadonlySet<string> | undefined> {
  const enabled = await readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => 'N');
  if (!enabled.startsWith('Y')) return undefined;
  const text = await readFile('/sys/kernel/security/apparmor/profiles', 'utf8').catch(() => '');
  return new Set(text.split('\n').map((line) => line.replace(/ \([a-z]+\)$/, '')));
}

/** Why a container cannot have the isolation that it asks for; undefined when it can. */
export function missingIsolation(
  security: ContainerSecurity,
  host: HostIsolation,
  hasOwnUsers: boolean,
): string | undefined {
  const appArmor = missingAppArmor(security.appArmor, host.appArmor);
  if (appArmor !== undefined) return `Cannot enforce AppArmor: ${appArmor}`;
  if (security.hasSeLinuxOptions) return 'Cannot enforce seLinuxOptions: this node gives containers no SELinux labels';
  if (security.isProcUnmasked && !hasOwnUsers) return 'procMount: Unmasked needs hostUsers: false';
  return wrongCapability(security, host.capabilities);
}

/** What the runtime is told; it fails on any profile where AppArmor is not enabled. */
export function appArmorProfileOf({ appArmor }: ContainerSecurity): string | undefined {
  return appArmor === undefined || appArmor.type === 'Unconfined' ? undefined : profileNamed(appArmor);
}

function missingAppArmor(asked: ContainerSecurity['appArmor'], loaded: HostIsolation['appArmor']): string | undefined {
  if (asked === undefined || asked.type === 'Unconfined') return undefined;
  if (loaded === undefined) return 'AppArmor is not enabled on the host';
  const name = profileNamed(asked);
  return loaded.has(name) ? undefined : `the profile ${JSON.stringify(name)} is not loaded`;
}

function profileNamed(asked: NonNullable<ContainerSecurity['appArmor']>): string {
  return 'profile' in asked ? asked.profile : defaultProfile;
}
