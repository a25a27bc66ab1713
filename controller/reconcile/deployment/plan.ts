import { planProportions } from './proportions.ts';
import { allSets, leastAvailable, mostPods, resize, sum } from './rollout-set.ts';
import type { RolloutDesired, RolloutSet, RolloutSets } from './rollout-set.ts';

/**
 * The size of every set, by name. Applied, it leaves nothing to do until pods change. However stale the pods' states
 * are, it never asks for more than `replicas + maxSurge` pods, nor takes away an available pod below
 * `replicas - maxUnavailable`.
 */
export function planRollout(desired: RolloutDesired, sets: RolloutSets): Map<string, number> {
  checkNumbers(desired, sets);
  let planned = resize(sets, planProportions(desired, sets));
  if (!desired.isPaused) {
    planned = desired.strategy === 'Recreate' ? recreate(desired, planned) : roll(desired, planned);
  }
  return new Map(allSets(planned).map(({ name, replicas }) => [name, replicas]));
}

/** Old pods first, and the new ones only when no old one is left. */
function recreate(desired: RolloutDesired, { current, old }: RolloutSets): RolloutSets {
  const isOver = sum(old, ({ running }) => running) === 0;
  const size = ({ replicas }: RolloutSet): number => (isOver ? desired.replicas : Math.min(replicas, desired.replicas));
  return {
    current: current && { ...current, replicas: size(current) },
    old: old.map((set) => ({ ...set, replicas: 0 })),
  };
}

/** Far more than it takes to go on until nothing changes. */
const maxPasses = 10_000;

/** What is taken from the old sets makes room for the new one, so it goes on until neither changes. */
function roll(desired: RolloutDesired, sets: RolloutSets): RolloutSets {
  let planned = sets;
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const next = shrinkOld(desired, growCurrent(desired, planned));
    const isSame = allSets(next).every(({ replicas }, place) => replicas === allSets(planned)[place]?.replicas);
    if (isSame) return next;
    planned = next;
  }
  throw new Error('the sizes of its ReplicaSets do not settle');
}

/** What was stored past all checks may be no number, and sums of it never settle. */
function checkNumbers({ replicas, maxSurge, maxUnavailable }: RolloutDesired, sets: RolloutSets): void {
  const numbers = [replicas, maxSurge, maxUnavailable, ...allSets(sets).map((set) => set.replicas)];
  if (!numbers.every(Number.isFinite)) throw new Error('its replicas, or those of its ReplicaSets, are no number');
}

function growCurrent({ replicas, maxSurge }: RolloutDesired, sets: RolloutSets): RolloutSets {
  const { current } = sets;
  if (current === undefined || current.replicas === replicas) return sets;
  if (current.replicas > replicas) return resize(sets, new Map([[current.name, replicas]]));
  // Pods its spec asks for are counted already, and those it has beyond that would not need to be made.
  const room = replicas + maxSurge - sum(sets.old, mostPods);
  const size = Math.max(current.replicas, Math.min(replicas, room));
  return resize(sets, new Map([[current.name, size]]));
}

function shrinkOld(desired: RolloutDesired, sets: RolloutSets): RolloutSets {
  const { current } = sets;
  const least = desired.replicas - desired.maxUnavailable;
  const newUnavailable = current === undefined ? 0 : current.replicas - leastAvailable(current);
  const most = sum(allSets(sets), ({ replicas }) => replicas) - least - newUnavailable;
  const oldestFirst = [...sets.old].sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1));
  const unhealthy = take(oldestFirst, most, (set) => set.replicas - leastAvailable(set));
  const cleaned = resize(sets, unhealthy);
  const spare = sum(allSets(cleaned), leastAvailable) - least;
  const cleanedOldestFirst = oldestFirst.flatMap(({ name }) => cleaned.old.find((set) => set.name === name) ?? []);
  return resize(
    cleaned,
    take(cleanedOldestFirst, spare, ({ replicas }) => replicas),
  );
}

/** Takes up to `most` replicas from the sets in their order, from each no more than `from` says. */
function take(sets: readonly RolloutSet[], most: number, from: (set: RolloutSet) => number): Map<string, number> {
  const sizes = new Map<string, number>();
  let left = Math.max(0, most);
  for (const set of sets) {
    const taken = Math.min(left, from(set));
    left -= taken;
    sizes.set(set.name, set.replicas - taken);
  }
  return sizes;
}
