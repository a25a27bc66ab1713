import type { Clock } from '../../shared/clock.ts';
import { rfc3339 } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import { withCondition } from '../../shared/objects/conditions.ts';
import type { Store } from '../store/store.ts';
import type { PodObject } from './node-info.ts';

interface Deps {
  store: Store;
  clock: Clock;
}

/** Binds a pod to a node unless it is bound, being deleted, or another pod by now. Resolves with it as it is then. */
export async function bindPod(
  { store, clock }: Deps,
  pod: PodObject,
  nodeName: string,
): Promise<PodObject | undefined> {
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: rfc3339(clock.now()) };
  return modifyPod(store, pod, (fresh) => {
    if ((fresh.spec?.nodeName ?? '') !== '') return undefined;
    const conditions = [...withCondition(fresh.status?.conditions, scheduled)];
    return {
      ...fresh,
      spec: { containers: [], ...fresh.spec, nodeName },
      status: { phase: 'Pending', ...fresh.status, conditions },
    };
  });
}

/** Writes why a pod has no node. Resolves to false when it says so already, or needs none any more. */
export async function markUnschedulable({ store, clock }: Deps, pod: PodObject, message: string): Promise<boolean> {
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  const lastTransitionTime = rfc3339(clock.now());
  let isNews = false;
  await modifyPod(store, pod, (fresh) => {
    const conditions = withCondition(fresh.status?.conditions, { ...condition, lastTransitionTime });
    isNews = conditions !== fresh.status?.conditions && (fresh.spec?.nodeName ?? '') === '';
    return isNews
      ? { ...fresh, status: { phase: 'Pending', ...fresh.status, conditions: [...conditions] } }
      : undefined;
  });
  return isNews;
}

async function modifyPod(
  store: Store,
  { metadata }: PodObject,
  change: (fresh: PodObject) => PodObject | undefined,
): Promise<PodObject | undefined> {
  const isSame = ({ metadata: fresh }: PodObject): boolean =>
    fresh.uid === metadata.uid && fresh.deletionTimestamp === undefined;
  try {
    return await store.modify<PodObject>('pods', metadata.namespace ?? '', metadata.name, (fresh) =>
      isSame(fresh) ? change(fresh) : undefined,
    );
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
