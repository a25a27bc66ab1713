import type { Clock } from '../../../shared/clock.ts';
import { rfc3339 } from '../../../shared/clock.ts';
import { hasReason } from '../../../shared/errors.ts';
import type { PodCondition } from '../../../shared/objects/types.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import type { Store } from '../../store/store.ts';
import type { PodObject } from '../pod-state.ts';

interface Deps {
  store: Store;
  clock: Clock;
}

/** Marks readiness that was taken away because of the node, so that it can be given back. */
const lostReason = 'NodeLost';

/** All pods bound to a node. */
export function podsOnNode(store: Store, node: string): PodObject[] {
  return store.list<PodObject>('pods').items.filter(({ spec }) => spec?.nodeName === node);
}

/** Nothing is known of these pods any more: nobody should send them work. */
export async function markPodsLost(deps: Deps, pods: readonly PodObject[]): Promise<void> {
  await setReady(deps, pods, (ready) =>
    ready.status === 'True'
      ? { status: 'False', reason: lostReason, message: "The pod's node has stopped answering." }
      : undefined,
  );
}

/** Pods that were ready when their node was lost, and of which the agent has not reported anything since. */
export function podsMarkedLost(pods: readonly PodObject[]): PodObject[] {
  return pods.filter(({ status }) => findCondition(status?.conditions, 'Ready')?.reason === lostReason);
}

/** The node was away for so short that its agent noticed nothing: what it reported last still holds. */
export async function restorePods(deps: Deps, pods: readonly PodObject[]): Promise<void> {
  await setReady(deps, pods, (ready) => (ready.reason === lostReason ? { status: 'True' } : undefined));
}

async function setReady(
  { store, clock }: Deps,
  pods: readonly PodObject[],
  change: (ready: PodCondition) => Omit<PodCondition, 'type'> | undefined,
): Promise<void> {
  const lastTransitionTime = rfc3339(clock.now());
  const changed = (pod: PodObject): PodObject | undefined => {
    const ready = findCondition(pod.status?.conditions, 'Ready');
    const next = ready && change(ready);
    if (next === undefined) return undefined;
    const conditions = pod.status?.conditions?.map((each) =>
      each === ready ? { type: each.type, ...next, lastTransitionTime } : each,
    );
    return { ...pod, status: { ...pod.status, conditions } };
  };
  await Promise.all(
    pods
      .filter((pod) => changed(pod) !== undefined)
      .map(async ({ metadata }) => {
        try {
          await store.modify<PodObject>('pods', metadata.namespace ?? '', metadata.name, changed);
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
      }),
  );
}
