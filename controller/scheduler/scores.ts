import { untolerated } from '../../shared/objects/taints.ts';
import { preferenceFor } from '../../shared/objects/node-affinity.ts';
import type { Candidate } from './filters.ts';
import type { NodeInfo } from './node-info.ts';

const weights = { spread: 4, room: 1, preference: 2, taints: 3 };

/** Points per node, from 0 to 1 in each respect: few siblings above all, then what the pod prefers, then room. */
export function scoreNodes(candidate: Candidate, infos: readonly NodeInfo[]): number[] {
  const siblings = scale(infos.map((info) => info.countOf(candidate.claim.owner)));
  const preferences = scale(infos.map(({ node }) => preferenceFor(candidate.pod.spec ?? { containers: [] }, node)));
  const taints = scale(infos.map((info) => countRepelling(candidate, info)));
  return infos.map(
    (info, place) =>
      weights.spread * (1 - (siblings[place] ?? 0)) +
      weights.preference * (preferences[place] ?? 0) +
      weights.taints * (1 - (taints[place] ?? 0)) +
      weights.room * roomLeft(candidate, info),
  );
}

/** The best node; chance decides between equals. */
export function pickBest<T>(items: readonly T[], scores: readonly number[], random: () => number): T | undefined {
  const best = Math.max(...scores);
  const equals = items.filter((_, place) => best - (scores[place] ?? 0) < 1e-9);
  return equals[Math.floor(random() * equals.length)];
}

/** The largest becomes 1. */
function scale(values: readonly number[]): number[] {
  const largest = Math.max(0, ...values);
  return values.map((value) => (largest === 0 ? 0 : value / largest));
}

/** Which part of cpu and memory would still be free with the pod on the node. */
function roomLeft({ claim }: Candidate, info: NodeInfo): number {
  const parts = ['cpu', 'memory'].map((resource) => {
    const all = info.allocatable(resource);
    return all === 0 ? 0 : Math.max(0, info.free(resource) - (claim.requests[resource] ?? 0)) / all;
  });
  return parts.reduce((total, part) => total + part, 0) / parts.length;
}

function countRepelling({ pod }: Candidate, { taints }: NodeInfo): number {
  const repelling = taints.filter(({ effect }) => effect === 'PreferNoSchedule');
  return repelling.length === 0 ? 0 : untolerated(repelling, pod.spec?.tolerations).length;
}
