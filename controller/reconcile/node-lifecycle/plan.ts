import { rfc3339 } from '../../../shared/clock.ts';
import type { NodeCondition, Taint } from '../../../shared/objects/types.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { diskPressureTaint, notReadyTaint, unreachableTaint } from '../node-state.ts';
import type { Verdict } from './silence.ts';

/** The reason of every condition that node-lifecycle wrote in place of the agent. */
export const unknownReason = 'NodeStatusUnknown';

/** A node cannot be asked any more: what its agent said last is no longer known to be true. */
export function unknownConditions(conditions: readonly NodeCondition[], now: number): NodeCondition[] {
  const time = rfc3339(now);
  const withReady =
    findCondition(conditions, 'Ready') === undefined ? [...conditions, { type: 'Ready', status: '' }] : conditions;
  return withReady.map((condition) => {
    if (condition.status === 'Unknown') return condition;
    const message = "The node's agent has stopped answering.";
    return { ...condition, status: 'Unknown', reason: unknownReason, message, lastTransitionTime: time };
  });
}

/** Whether the node is still said to be silent by us, and not by its agent. */
export function isSaidSilent(conditions: readonly NodeCondition[]): boolean {
  return findCondition(conditions, 'Ready')?.reason === unknownReason;
}

/**
 * The node is heard, and yet nobody has put its conditions right. Only readiness is assumed, because an agent that is
 * heard works; the rest stays unknown until the agent speaks of it.
 */
export function assumedConditions(conditions: readonly NodeCondition[], now: number): NodeCondition[] {
  return conditions.map((condition) => {
    if (condition.type !== 'Ready' || condition.reason !== unknownReason) return condition;
    const message = 'The agent is heard again.';
    return { ...condition, status: 'True', reason: 'AgentReady', message, lastTransitionTime: rfc3339(now) };
  });
}

/** The taints that follow from conditions and verdict; all others are the user's and stay as they are. */
export function lifecycleTaints(
  taints: readonly Taint[],
  conditions: readonly NodeCondition[],
  verdict: Verdict,
  now: number,
): readonly Taint[] {
  const isFull = findCondition(conditions, 'DiskPressure')?.status === 'True';
  const wanted = [
    ...readinessTaints(taints, findCondition(conditions, 'Ready'), verdict),
    ...(isFull ? [{ key: diskPressureTaint, effect: 'NoSchedule' }] : []),
  ];
  const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const missing = wanted.filter((taint) => !taints.some((each) => isSame(each, taint)));
  const kept = taints.filter((taint) => !isLifecycleTaint(taint) || wanted.some((each) => isSame(each, taint)));
  if (missing.length === 0 && kept.length === taints.length) return taints;
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded: rfc3339(now) }))];
}

/** Whether a node is tainted because it is not ready, or not heard. */
export function hasReadinessTaint(taints: readonly Taint[]): boolean {
  return taints.some(isReadinessTaint);
}

function isReadinessTaint({ key }: Taint): boolean {
  return key === unreachableTaint || key === notReadyTaint;
}

function isLifecycleTaint(taint: Taint): boolean {
  return taint.key === diskPressureTaint || isReadinessTaint(taint);
}

function readinessTaints(taints: readonly Taint[], ready: NodeCondition | undefined, verdict: Verdict): Taint[] {
  const both = (key: string): Taint[] => ['NoSchedule', 'NoExecute'].map((effect) => ({ key, effect }));
  if (ready?.status === 'True') return [];
  if (ready?.status !== 'Unknown') return both(notReadyTaint);
  if (verdict === 'lost') return both(unreachableTaint);
  // Silent, but not confirmed; or lost before this process started, and not heard since.
  const wasLost = taints.some(({ key, effect }) => key === unreachableTaint && effect === 'NoExecute');
  return wasLost ? both(unreachableTaint) : [{ key: unreachableTaint, effect: 'NoSchedule' }];
}
