import { findMisses } from './filters.ts';
import type { Candidate, Miss } from './filters.ts';
import type { NodeInfo } from './node-info.ts';
import { pickBest, scoreNodes } from './scores.ts';
import type { NodeMisses } from './explain.ts';

export type Decision = { node: string } | { node?: undefined; misses: NodeMisses[] };

/** The node for a pod, or what speaks against each node. */
export function decide(candidate: Candidate, infos: readonly NodeInfo[], random: () => number): Decision {
  const fitting: NodeInfo[] = [];
  const refused: { info: NodeInfo; misses: readonly Miss[] }[] = [];
  for (const info of infos) {
    const misses = findMisses(candidate, info);
    if (misses.length === 0) fitting.push(info);
    else refused.push({ info, misses });
  }
  const best = pickBest(fitting, scoreNodes(candidate, fitting), random);
  if (best !== undefined) return { node: best.name };
  return { misses: refused.map(({ info, misses }) => ({ node: info.name, misses })) };
}
