import { rfc3339 } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { withDisruptionAllowed } from '../../../shared/objects/disruption.ts';
import type { Pod, PodDisruptionBudget, Stored } from '../../../shared/objects/types.ts';

/** More evictions than this wait for their pods to be deleted: something is wrong with whoever deletes them. */
const maxDisruptedPods = 2_000;

/** A pod that serves nobody yet, or not any more: no budget has to be asked. */
export function isPastGuarding({ metadata, status }: Stored<Pod>): boolean {
  return metadata.deletionTimestamp !== undefined || ['Pending', 'Succeeded', 'Failed'].includes(status?.phase ?? '');
}

/** Whether the budget lets a pod that is not ready go without counting it: it is none of those that are healthy. */
export function sparesBudget({ spec, status }: Stored<PodDisruptionBudget>, pod: Stored<Pod>): boolean {
  if (findCondition(pod.status?.conditions, 'Ready')?.status === 'True') return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/**
 * The budget with one disruption less, and the pod noted as disrupted. Throws TooManyRequests when it allows none; no
 * time to try again is named, since `kubectl drain` has its own.
 */
export function takeFromBudget(
  budget: Stored<PodDisruptionBudget>,
  pod: string,
  now: number,
): Stored<PodDisruptionBudget> {
  const { name, generation = 1 } = budget.metadata;
  const { status } = budget;
  if (status === undefined || (status.observedGeneration ?? 0) < generation) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`);
  }
  const { disruptionsAllowed, desiredHealthy, currentHealthy, disruptedPods = {} } = status;
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    const details = { name, group: 'policy', kind: 'poddisruptionbudget' };
    throw new ApiError('Forbidden', `poddisruptionbudget.policy ${JSON.stringify(name)} is forbidden: ${why}`, details);
  }
  if (disruptionsAllowed <= 0) {
    const needs = `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw tooMany(`The disruption budget ${name} ${needs}`);
  }
  const allowed = disruptionsAllowed - 1;
  const conditions =
    allowed > 0 ? status.conditions : withDisruptionAllowed(status.conditions, { allowed, generation, now });
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed,
      disruptedPods: { ...disruptedPods, [pod]: rfc3339(now) },
      ...(conditions && { conditions }),
    },
  };
}

function tooMany(why: string): ApiError {
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  return new ApiError('TooManyRequests', message, { causes: [{ reason: 'DisruptionBudget', message: why }] });
}
