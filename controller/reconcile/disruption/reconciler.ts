import { isDeepStrictEqual } from 'node:util';
import { messageOf, hasReason } from '../../../shared/errors.ts';
import { resourceName, resources } from '../../../shared/objects/resources.ts';
import { selects } from '../../../shared/objects/selector.ts';
import type { KubeObject, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { isReady, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { keyOf, Runner, splitKey } from '../runner.ts';
import { scaleOfControllers } from './expected-scale.ts';
import { dependsOnScale, failedBudget, planBudget, planNeeds } from './plan.ts';

type BudgetObject = KubeObject & PodDisruptionBudget;

const resource = 'poddisruptionbudgets.policy';
/** The name that Kubernetes' events of budgets come under. */
const component = 'controllermanager';
const scaled = resources.filter(({ subresources }) => subresources.includes('scale')).map(resourceName);

/**
 * Keeps the status of PodDisruptionBudgets. The eviction of a pod takes from `disruptionsAllowed`, so the status is
 * written only over the version that it was computed from.
 */
export class DisruptionReconciler {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const runner = new Runner('disruption', (key) => this.reconcile(key), this.#deps, scope);
    const apply = (change: Change): void => this.#keysOf(change).forEach((key) => runner.add(key));
    startFollowing(this.#deps, { resources: [resource, 'pods', ...scaled], apply }, scope);
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { store, clock, events } = this.#deps;
    const { namespace, name } = splitKey(key);
    const budget = store.get<BudgetObject>(resource, namespace, name);
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return undefined;
    const { items } = store.list<PodObject>('pods', { namespace });
    const pods = items.filter(({ metadata }) => selects(budget.spec?.selector, metadata.labels));
    const now = clock.now();
    const generation = budget.metadata.generation ?? 1;
    try {
      const scale = dependsOnScale(budget.spec ?? {}) ? scaleOfControllers(store, pods) : 0;
      const needs = planNeeds(budget.spec ?? {}, pods.length, scale);
      const guarded = pods.map((pod) => ({
        name: pod.metadata.name,
        isReady: isReady(pod),
        isTerminating: isTerminating(pod),
      }));
      const plan = planBudget({ needs, pods: guarded, current: budget.status, generation, now });
      const isNew = await this.#write(budget, plan.status);
      if (isNew && pods.length === 0) events.record(budget, 'Normal', 'NoPods', 'No matching pods found', component);
      const overdue = pods.filter(({ metadata }) => plan.overdue.includes(metadata.name));
      const what = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`;
      for (const pod of overdue) events.record(pod, 'Warning', 'NotDeleted', what, component);
      return plan.recheckMs;
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'BadRequest')) throw error;
      const why = messageOf(error);
      if (await this.#write(budget, failedBudget(budget.status, why, generation, now))) {
        const what = `Failed to calculate the number of expected pods: ${why}`;
        events.record(budget, 'Warning', 'CalculateExpectedPodCountFailed', what, component);
      }
      return undefined;
    }
  }

  /** Resolves with whether anything was new. Throws Conflict when the budget has changed since it was read. */
  async #write(budget: BudgetObject, status: PodDisruptionBudgetStatus): Promise<boolean> {
    if (isDeepStrictEqual(budget.status, status)) return false;
    await this.#deps.store.update(resource, { ...budget, status });
    return true;
  }

  #keysOf({ type, key, object, previous }: Change): string[] {
    if (key.resource === resource) return type === 'DELETED' ? [] : [keyOf(key)];
    const { items } = this.#deps.store.list<BudgetObject>(resource, { namespace: key.namespace });
    if (key.resource === 'pods') {
      const states = [object, ...(previous ? [previous] : [])];
      const guards = ({ spec }: BudgetObject): boolean =>
        states.some(({ metadata }) => selects(spec?.selector, metadata.labels));
      return items.filter(guards).map(({ metadata }) => keyOf(metadata));
    }
    // What a controller says in its status changes nothing here.
    const isRescaled = type !== 'MODIFIED' || object.metadata.generation !== previous?.metadata.generation;
    return isRescaled ? items.map(({ metadata }) => keyOf(metadata)) : [];
  }
}
