import { bootId } from '../../host/processes.ts';
import { findCgroupMounts } from './cgroup-mounts.ts';
import { Cgroups, limiting } from './cgroups.ts';
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

/** Throws with a clear message when the host lacks what the driver needs. Makes the cgroup of all pods. */
export async function lookAtHost(cgroupParent: string): Promise<OciHost> {
  const mounts = await findCgroupMounts();
  const cgroups = new Cgroups(mounts);
  const limits = await readHostLimits(await cgroups.prepare(cgroupParent));
  const [runtime, monitor] = await Promise.all([chooseRuntime(mounts, limits.capabilities), findMonitor()]);
  return { bootId: bootId(), runtime, monitor, cgroups, limits };
}

/** The runtime a container was made with; a container stays with it. */
export async function runtimeNamed(host: OciHost, name: string): Promise<OciRuntime> {
  if (name === host.runtime.name) return host.runtime;
  return (await probe(name === 'crun' ? 'crun' : 'runc')) ?? host.runtime;
}

/** Of limits that this machine cannot enforce, since its cgroups lack them. */
export function missingControllers({ limits }: OciHost): string[] {
  return limiting.filter((name) => !limits.cgroups.controllers.has(name));
}
