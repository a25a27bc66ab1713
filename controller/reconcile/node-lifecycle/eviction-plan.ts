import type { Taint, Toleration } from '../../../shared/objects/types.ts';
import { defaultTolerationSeconds, tolerates } from '../../../shared/objects/taints.ts';
import { notReadyTaint, unreachableTaint } from '../node-state.ts';

/** A NoExecute taint, and since when it is known. */
export interface ActiveTaint {
  taint: Taint;
  sinceMs: number;
}

/**
 * The moment at which these taints evict a pod, or undefined for never. A pod that says nothing about lost or unready
 * nodes tolerates them for the default time.
 */
export function evictionTime(
  taints: readonly ActiveTaint[],
  tolerations: readonly Toleration[] | undefined,
): number | undefined {
  const times = taints.map(({ taint, sinceMs }) => sinceMs + toleratedMs(taint, tolerations ?? []));
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : undefined;
}

/** How long the pod bears this taint: the shortest of all tolerations that cover it. */
function toleratedMs(taint: Taint, tolerations: readonly Toleration[]): number {
  const covering = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (covering.length === 0) return isNodeTrouble(taint) ? defaultTolerationSeconds * 1_000 : 0;
  return Math.min(...covering.map(({ tolerationSeconds = Infinity }) => Math.max(0, tolerationSeconds) * 1_000));
}

function isNodeTrouble({ key }: Taint): boolean {
  return key === unreachableTaint || key === notReadyTaint;
}
