import { allSets, mostPods, sum } from './rollout-set.ts';
import type { RolloutDesired, RolloutSet, RolloutSets } from './rollout-set.ts';

/**
 * Sizes after the user scaled the Deployment amid a rollout: each set grows or shrinks in proportion, so that a bad new
 * version does not get all the new pods. Also the only sizing of a paused Deployment. Empty when there is nothing to do.
 */
export function planProportions(desired: RolloutDesired, sets: RolloutSets): Map<string, number> {
  const active = allSets(sets).filter(({ replicas }) => replicas > 0);
  if (active.length < 2) return desired.isPaused ? planAlone(desired, sets, active[0]) : new Map();
  const wasScaled = active.some(({ sizedFor }) => sizedFor !== undefined && sizedFor !== desired.replicas);
  return wasScaled && desired.strategy === 'RollingUpdate' ? spread(desired, active) : new Map();
}

/** A paused Deployment still scales: its one set with replicas, or else the newest. */
function planAlone(desired: RolloutDesired, sets: RolloutSets, active: RolloutSet | undefined): Map<string, number> {
  const only = active ?? sets.current ?? [...sets.old].sort((a, b) => b.createdAt - a.createdAt)[0];
  return only === undefined ? new Map() : new Map([[only.name, sizeAlone(desired, sets, only)]]);
}

function sizeAlone({ replicas, maxSurge }: RolloutDesired, sets: RolloutSets, only: RolloutSet): number {
  const others = allSets(sets).filter((set) => set !== only);
  const room = replicas + maxSurge - sum(others, mostPods);
  return Math.min(replicas, Math.max(only.replicas, room));
}

function spread(desired: RolloutDesired, active: readonly RolloutSet[]): Map<string, number> {
  const most = desired.replicas > 0 ? desired.replicas + desired.maxSurge : 0;
  const difference = most - sum(active, ({ replicas }) => replicas);
  // Pods that are still to be deleted take room as well.
  const change = difference > 0 ? Math.max(0, most - sum(active, mostPods)) : difference;
  const order = [...active].sort((a, b) => {
    const younger = change > 0 ? b.createdAt - a.createdAt : a.createdAt - b.createdAt;
    return b.replicas - a.replicas || younger || (a.name < b.name ? -1 : 1);
  });
  const sizes = new Map<string, number>();
  let left = change;
  for (const set of order) {
    const share = change === 0 ? 0 : within(shareOf(set, desired, most), left);
    sizes.set(set.name, set.replicas + share);
    left -= share;
  }
  const [first] = order;
  if (first !== undefined && left !== 0) {
    sizes.set(first.name, Math.max(0, (sizes.get(first.name) ?? 0) + left));
  }
  return sizes;
}

/** What a set gains or loses if it keeps its part of the whole. */
function shareOf({ replicas, sizedMax }: RolloutSet, desired: RolloutDesired, most: number): number {
  if (desired.replicas === 0) return -replicas;
  if (sizedMax === undefined || sizedMax === 0) return 0;
  return Math.round((replicas * most) / sizedMax) - replicas;
}

function within(share: number, left: number): number {
  return left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
}
