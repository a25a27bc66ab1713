import type { Probe } from '../../shared/objects/types.ts';

/** Results of one probe in a row. */
export interface ProbeCount {
  outcome: 'success' | 'failure' | undefined;
  inARow: number;
}

export const noResults: ProbeCount = { outcome: undefined, inARow: 0 };

/** Adds a result. */
export function countResult(count: ProbeCount, outcome: 'success' | 'failure'): ProbeCount {
  return { outcome, inARow: count.outcome === outcome ? count.inARow + 1 : 1 };
}

/** What the results so far prove; undefined while a threshold is not reached. */
export function judge(count: ProbeCount, probe: Probe): 'success' | 'failure' | undefined {
  const threshold = count.outcome === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return count.inARow >= threshold ? count.outcome : undefined;
}
