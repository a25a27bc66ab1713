import { bootId } from '../../host/processes.ts';
import { Cgroups, findCgroupMounts } from './cgroups.ts';
import { chooseRuntime, findMonitor, type OciRuntime, probe } from './runtime-choice.ts';
import { type HostLimits, readHostLimits } from './spec/host-limits.ts';

/** What this machine offers, looked at once when the driver opens. */
export interface OciHost {
  bootId: string;
  /** For new containers. */
  runtime: OciRuntime;
  /** Path of conmon. */
  monitor: string;
  cgroups: Cgroups;
  limits: HostLimits;
}

/** Throws with a clear message when the host lacks what the driver needs. */
export async function lookAtHost(): Promise<OciHost> {
  const mounts = await findCgroupMounts();
  const cgroups = new Cgroups(mounts);
  const limits = await readHostLimits(await cgroups.facts());
  const [runtime, monitor, boot] = await Promise.all([
    chooseRuntime(mounts, limits.capabilities),
    findMonitor(),
    bootId(),
  ]);
  return { bootId: boot, runtime, monitor, cgroups, limits };
}

/** The runtime a container was made with; a container stays with it. */
export async function runtimeNamed(host: OciHost, name: string): Promise<OciRuntime> {
  if (name === host.runtime.name) return host.runtime;
  return (await probe(name === 'crun' ? 'crun' : 'runc')) ?? host.runtime;
}
