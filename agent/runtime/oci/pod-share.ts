import type { PodIdentity } from '../driver.ts';
import type { ContainerTable } from './container-table.ts';
import type { OciHost } from './host.ts';

/**
 * Gives the pod what its containers ask for together, beside other pods: without it every pod would get as much as any
 * other, whatever was asked for. Its processes are limited as a whole too, so that many containers are no way around
 * the limit. To be called before a container starts and when one has another size; containers that have ended count no more.
 */
export function sharePod(
  { host, cgroupParent, table }: { host: OciHost; cgroupParent: string; table: ContainerTable },
  pod: PodIdentity,
): void {
  const records = table.all().map(({ record }) => record);
  const live = records.filter((record) => record.pod.uid === pod.uid && record.phase !== 'exited');
  const cpuRequestMillis = live.reduce((sum, { size }) => sum + (size?.cpuRequestMillis ?? 0), 0);
  const pids = live.flatMap(({ pidsLimit }) => pidsLimit ?? []);
  const limit = pids.length === 0 ? {} : { pidsLimit: Math.max(...pids) };
  host.cgroups.share(`${cgroupParent}/${pod.uid}`, { cpuRequestMillis, ...limit });
}
