import { rfc3339 } from '../../../shared/clock.ts';
import { ApiError, hasReason } from '../../../shared/errors.ts';
import { withCondition } from '../../../shared/objects/conditions.ts';
import { selects } from '../../../shared/objects/selector.ts';
import type { ObjectMeta, Pod, PodDisruptionBudget, Stored } from '../../../shared/objects/types.ts';
import { checkPreconditions, deleteObject, type DeleteOptions } from '../../store/deletion.ts';
import type { Store } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readBody } from '../verbs/codec.ts';
import { parseDeleteOptions, type DeleteBody, type DeleteRequest } from '../verbs/delete-options.ts';
import { findObject } from '../verbs/read.ts';
import { parseWriteOptions } from '../verbs/write-options.ts';
import { isPastGuarding, sparesBudget, takeFromBudget } from './budget.ts';

interface EvictionBody {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  deleteOptions?: DeleteBody;
}

const budgets = 'poddisruptionbudgets.policy';
const maxTries = 5;

/**
 * POST of `pods/eviction`: deletes a pod unless its PodDisruptionBudget forbids it (TooManyRequests). Of evictions at
 * the same time no more succeed than the budget allows, since each takes from its status before it deletes.
 */
export async function evictPod(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { fieldValidation } = parseWriteOptions(request);
  const { metadata, deleteOptions } = await readBody<EvictionBody>(request, 'Eviction', fieldValidation);
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== target.name) {
    throw new ApiError('BadRequest', 'name in URL does not match name in Eviction object');
  }
  const wanted = parseDeleteOptions(request, deleteOptions ?? {});
  for (let tries = 1; ; tries += 1) {
    try {
      await evictOnce(deps, target, wanted);
      return jsonReply(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    } catch (error) {
      if (tries >= maxTries || !hasReason(error, 'Conflict')) throw error;
    }
  }
}

/** Throws Conflict when the pod has become another than the decision was about. */
async function evictOnce(deps: ApiDeps, target: ResourceTarget, { options, dryRun }: DeleteRequest): Promise<void> {
  const pod = findObject<Stored<Pod>>(deps.store, target);
  const { namespace = '', name, uid } = pod.metadata;
  checkPreconditions({ resource: 'pods', namespace, name }, pod, options);
  const isCounted = await askBudget(deps, pod, dryRun);
  if (dryRun) return;
  const marked = await markTarget(deps, pod, isCounted);
  // What no budget has counted is deleted only as it was seen: it may have become ready meanwhile.
  const { resourceVersion } = marked.metadata;
  const exact: DeleteOptions = { ...options, uid, resourceVersion };
  const { resourceVersion: _, ...counted } = exact;
  await deleteObject(deps.store, deps.clock, 'pods', namespace, name, isCounted ? counted : exact);
}

/** Takes from the budget that guards the pod, if one does; resolves with whether one did. */
async function askBudget({ store, clock }: ApiDeps, pod: Stored<Pod>, dryRun: boolean): Promise<boolean> {
  if (isPastGuarding(pod)) return false;
  const budget = budgetOf(store, pod);
  if (budget === undefined || sparesBudget(budget, pod)) return false;
  const take = (current: Stored<PodDisruptionBudget>): Stored<PodDisruptionBudget> =>
    takeFromBudget(current, pod.metadata.name, clock.now());
  if (dryRun) take(budget);
  else
    await store.modify<Stored<PodDisruptionBudget>>(budgets, pod.metadata.namespace ?? '', budget.metadata.name, take);
  return true;
}

/** Throws InternalError, as Kubernetes does, when several guard the pod. */
function budgetOf(store: Store, { metadata }: Stored<Pod>): Stored<PodDisruptionBudget> | undefined {
  const { items } = store.list<Stored<PodDisruptionBudget>>(budgets, { namespace: metadata.namespace ?? '' });
  const [budget, ...more] = items.filter(({ spec }) => selects(spec?.selector, metadata.labels));
  if (more.length === 0) return budget;
  const why = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  throw new ApiError('InternalError', why);
}

/** Says on the pod why it goes. */
async function markTarget({ store, clock }: ApiDeps, pod: Stored<Pod>, isCounted: boolean): Promise<Stored<Pod>> {
  const { namespace = '', name, uid } = pod.metadata;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: rfc3339(clock.now()),
  };
  const mark = (current: Stored<Pod>): Stored<Pod> => {
    const conditions = [...withCondition(current.status?.conditions, condition)];
    return { ...current, status: { ...current.status, conditions } };
  };
  if (!isCounted) return store.update('pods', mark(pod));
  return store.modify<Stored<Pod>>('pods', namespace, name, (current) =>
    current.metadata.uid === uid ? mark(current) : undefined,
  );
}
