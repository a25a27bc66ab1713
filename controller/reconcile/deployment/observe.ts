import type { ReconcileDeps } from '../deps.ts';
import type { NodeObject } from '../node-state.ts';
import { isFinished, isPodLost, isTerminating, untilAvailable } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { podsOwnedBy } from '../pods-owned-by.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import type { DeploymentObject } from './deployment.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation } from './deployment.ts';
import type { RolloutSet } from './rollout-set.ts';

/** A set as its pods are now: its status may be older than that, and bounds must hold at every moment. */
export function observeSet(
  { store, clock }: Pick<ReconcileDeps, 'store' | 'clock'>,
  deployment: DeploymentObject,
  set: ReplicaSetObject,
): RolloutSet {
  const now = clock.now();
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const findNode = (name: string): NodeObject | undefined => store.get<NodeObject>('nodes', '', name);
  const running = podsOwnedBy(store, set.metadata.uid ?? '').filter((pod) => !isFinished(pod));
  const live = running.filter((pod) => !isTerminating(pod) && !isPodLost(pod, findNode));
  const isAvailable = (pod: PodObject): boolean => untilAvailable(pod, minReadySeconds, now) === 0;
  return {
    name: set.metadata.name,
    replicas: set.spec?.replicas ?? 1,
    live: live.length,
    available: live.filter(isAvailable).length,
    running: running.length,
    createdAt: Date.parse(set.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z'),
    sizedFor: readNumber(set, desiredReplicasAnnotation),
    sizedMax: readNumber(set, maxReplicasAnnotation),
  };
}

function readNumber({ metadata }: ReplicaSetObject, annotation: string): number | undefined {
  const text = metadata.annotations?.[annotation];
  return text === undefined || !/^[0-9]+$/.test(text) ? undefined : Number(text);
}
