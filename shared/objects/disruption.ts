import { rfc3339 } from '../clock.ts';
import { findCondition } from './conditions.ts';
import type { Condition } from './types.ts';

/** The condition of a PodDisruptionBudget that says whether anything may be disrupted. */
export const disruptionAllowed = 'DisruptionAllowed';

/** Why a PodDisruptionBudget has the DisruptionAllowed condition it has, in Kubernetes' words. */
export type DisruptionReason = 'SufficientPods' | 'InsufficientPods' | 'SyncFailed';

/** How long a pod that was evicted may take to be marked for deletion before it counts as healthy again. */
export const evictionTimeoutMs = 120_000;

/** The conditions of a budget that allows this many disruptions, or could not be computed for what `failure` says. */
export function withDisruptionAllowed(
  conditions: readonly Condition[] | undefined,
  { allowed, failure, generation, now }: { allowed: number; failure?: string; generation?: number; now: number },
): Condition[] {
  const previous = findCondition(conditions, disruptionAllowed);
  const status = allowed > 0 ? 'True' : 'False';
  const reason: DisruptionReason =
    failure !== undefined ? 'SyncFailed' : allowed > 0 ? 'SufficientPods' : 'InsufficientPods';
  const condition = {
    type: disruptionAllowed,
    status,
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : rfc3339(now),
    reason,
    message: failure ?? '',
  };
  return [...(conditions ?? []).filter(({ type }) => type !== disruptionAllowed), condition];
}
