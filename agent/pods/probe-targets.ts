import type { Container, Pod, Stored } from '../../shared/objects/types.ts';
import type { ContainerStatus } from '../runtime/driver.ts';
import type { PodRecord } from './pod-record.ts';
import { specOf } from './pod-view.ts';
import type { Probed } from './probe-loops.ts';

/** The running containers of a pod as probes need them; those with probes only once the pod has an address. */
export function probeTargets(
  pod: Stored<Pod>,
  running: readonly ContainerStatus[],
  record: PodRecord,
  ip: string,
): Probed[] {
  const spec = specOf(pod);
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  return running.flatMap((status): Probed[] => {
    const container = all.find(({ name }) => name === status.name);
    if (container === undefined || (ip === '' && hasProbes(container))) return [];
    const probed = { target: { id: status.id, pod, container, ip }, startedAt: status.startedAt };
    const known = knownOf(record, status);
    return [known === undefined ? probed : { ...probed, known }];
  });
}

function hasProbes({ startupProbe, livenessProbe, readinessProbe }: Container): boolean {
  return [startupProbe, livenessProbe, readinessProbe].some((probe) => probe !== undefined);
}

/** What was last reported of this very container, so that a new process of the agent does not make it unready. */
function knownOf({ status }: PodRecord, { id }: ContainerStatus): Probed['known'] {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const before = all.find(({ containerID }) => containerID?.endsWith(`://${id}`));
  return before === undefined ? undefined : { isStarted: before.started ?? false, isReady: before.ready };
}
