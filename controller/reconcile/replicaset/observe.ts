import type { KubeObject, ReplicaSet, ReplicaSetStatus } from '../../../shared/objects/types.ts';
import type { NodeObject } from '../node-state.ts';
import { isFinished, isPodLost, isReady, isTerminating, readySince, untilAvailable } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { liveReplicas } from './plan.ts';
import type { Replica } from './plan.ts';

export type ReplicaSetObject = KubeObject & ReplicaSet;

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

export interface ObserveInput {
  pods: readonly PodObject[];
  /** Pods of the same application, by node; a node with several loses one of them first. */
  podsOnNode: (node: string) => number;
  findNode: (name: string) => NodeObject | undefined;
  minReadySeconds: number;
  now: number;
}

/** The pods as the plan wants them. */
export function observeReplicas({ pods, podsOnNode, findNode, minReadySeconds, now }: ObserveInput): Replica[] {
  return pods.map((pod) => {
    const nodeName = pod.spec?.nodeName ?? '';
    const phase = pod.status?.phase;
    return {
      name: pod.metadata.name,
      isAssigned: nodeName !== '',
      phase: phase === 'Running' || phase === 'Unknown' ? phase : 'Pending',
      isReady: isReady(pod),
      isAvailable: untilAvailable(pod, minReadySeconds, now) === 0,
      isTerminating: isTerminating(pod),
      isFinished: isFinished(pod),
      isLost: isPodLost(pod, findNode),
      neighbours: nodeName === '' ? 0 : podsOnNode(nodeName),
      deletionCost: Number(pod.metadata.annotations?.[deletionCostAnnotation] ?? 0) || 0,
      restarts: Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
      readySince: readySince(pod) ?? 0,
      createdAt: Date.parse(pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z'),
    };
  });
}

/** The counts of a ReplicaSet's status. Lost pods are not counted: they are nothing to count on. */
export function countReplicas(
  set: ReplicaSetObject,
  pods: readonly PodObject[],
  observed: readonly Replica[],
): Required<Omit<ReplicaSetStatus, 'conditions' | 'observedGeneration'>> {
  const live = liveReplicas(observed);
  const liveNames = new Set(live.map(({ name }) => name));
  const wanted = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const isFullyLabeled = ({ metadata }: PodObject): boolean =>
    wanted.every(([key, value]) => metadata.labels?.[key] === value);
  return {
    replicas: live.length,
    fullyLabeledReplicas: pods.filter((pod) => liveNames.has(pod.metadata.name) && isFullyLabeled(pod)).length,
    readyReplicas: live.filter(({ isReady }) => isReady).length,
    availableReplicas: live.filter(({ isAvailable }) => isAvailable).length,
  };
}

/** The milliseconds until the next ready pod becomes available by mere waiting; undefined when none will. */
export function untilNextAvailable(
  pods: readonly PodObject[],
  minReadySeconds: number,
  now: number,
): number | undefined {
  const waits = pods
    .filter((pod) => !isTerminating(pod))
    .map((pod) => untilAvailable(pod, minReadySeconds, now) ?? 0)
    .filter((ms) => ms > 0);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
