import { evictionTimeoutMs, withDisruptionAllowed } from '../../../shared/objects/disruption.ts';
import { scaleIntOrPercent } from '../../../shared/objects/int-or-percent.ts';
import type { PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '../../../shared/objects/types.ts';

/** A selected pod as the plan wants it. */
export interface GuardedPod {
  name: string;
  isReady: boolean;
  isTerminating: boolean;
}

/** How many pods there should be, and how many of them healthy. */
export interface Needs {
  expectedPods: number;
  desiredHealthy: number;
}

/** Whether the needs follow from what the controllers of the pods want, not from the pods that are there. */
export function dependsOnScale({ minAvailable, maxUnavailable }: PodDisruptionBudgetSpec): boolean {
  return maxUnavailable !== undefined || typeof minAvailable === 'string';
}

/**
 * What a budget asks for. `selected` is the number of pods, `scale` the replicas that their controllers want. Throws
 * BadRequest for a text that is no percentage.
 */
export function planNeeds(spec: PodDisruptionBudgetSpec, selected: number, scale: number): Needs {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const desiredHealthy = Math.max(0, scale - scaleIntOrPercent(maxUnavailable, scale, 'up'));
    return { expectedPods: scale, desiredHealthy };
  }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  const expectedPods = dependsOnScale(spec) ? scale : selected;
  return { expectedPods, desiredHealthy: scaleIntOrPercent(minAvailable, expectedPods, 'up') };
}

export interface BudgetInput {
  needs: Needs;
  pods: readonly GuardedPod[];
  /** As it is: it tells which pods were evicted and are not marked for deletion yet. */
  current: PodDisruptionBudgetStatus | undefined;
  generation: number;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface BudgetPlan {
  status: PodDisruptionBudgetStatus;
  /** Pods that were evicted and not deleted in time: they count again. */
  overdue: string[];
  /** Milliseconds until the next evicted pod would be overdue; undefined when none waits. */
  recheckMs: number | undefined;
}

/** The status of a budget. A pod that was evicted does not count as healthy, whether its deletion has begun or not. */
export function planBudget({ needs, pods, current, generation, now }: BudgetInput): BudgetPlan {
  const waiting = pods.flatMap(({ name, isTerminating }) => {
    const time = current?.disruptedPods?.[name];
    if (time === undefined || isTerminating) return [];
    return [{ name, time, leftMs: Date.parse(time) + evictionTimeoutMs - now }];
  });
  const evicted = waiting.filter(({ leftMs }) => leftMs > 0);
  const disruptedPods = Object.fromEntries(evicted.map(({ name, time }) => [name, time]));
  const isHealthy = ({ name, isReady, isTerminating }: GuardedPod): boolean =>
    isReady && !isTerminating && disruptedPods[name] === undefined;
  const currentHealthy = pods.filter(isHealthy).length;
  const allowed = needs.expectedPods > 0 ? Math.max(0, currentHealthy - needs.desiredHealthy) : 0;
  const conditions = withDisruptionAllowed(current?.conditions, { allowed, generation, now });
  return {
    status: {
      ...(evicted.length > 0 && { disruptedPods }),
      observedGeneration: generation,
      disruptionsAllowed: allowed,
      currentHealthy,
      ...needs,
      conditions,
    },
    overdue: waiting.filter(({ leftMs }) => leftMs <= 0).map(({ name }) => name),
    recheckMs: evicted.length > 0 ? Math.min(...evicted.map(({ leftMs }) => leftMs)) : undefined,
  };
}

/** The status of a budget that cannot be computed: nothing may be disrupted until it can. */
export function failedBudget(
  current: PodDisruptionBudgetStatus | undefined,
  failure: string,
  generation: number,
  now: number,
): PodDisruptionBudgetStatus {
  const conditions = withDisruptionAllowed(current?.conditions, { allowed: 0, failure, generation, now });
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = current ?? {};
  const counts = { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0 };
  return { ...current, ...counts, observedGeneration: generation, conditions };
}
