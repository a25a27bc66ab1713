import { rfc3339 } from '../../shared/clock.ts';
import type { AnyCondition } from '../../shared/objects/conditions.ts';

/**
 * The stored conditions with the reported ones in their place. Time of transition: kept while the status is the same.
 * Stored conditions that `isReporters` claims but the report lacks go; all others belong to somebody else and stay.
 */
export function mergeConditions<T extends AnyCondition>(
  stored: readonly T[],
  reported: readonly T[],
  isReporters: (type: string) => boolean,
  now: number,
): T[] {
  const byType = new Map(reported.map((condition) => [condition.type, condition]));
  const kept = stored
    .filter(({ type }) => byType.has(type) || !isReporters(type))
    .map((condition) => withTransition(byType.get(condition.type) ?? condition, condition, now));
  const known = new Set(stored.map(({ type }) => type));
  const added = [...byType.values()].filter(({ type }) => !known.has(type));
  return [...kept, ...added.map((condition) => withTransition(condition, undefined, now))];
}

function withTransition<T extends AnyCondition>(condition: T, before: T | undefined, now: number): T {
  if (condition === before) return condition;
  const isSame = before?.status === condition.status;
  const lastTransitionTime = (isSame ? before.lastTransitionTime : condition.lastTransitionTime) ?? rfc3339(now);
  return { ...condition, lastTransitionTime };
}
