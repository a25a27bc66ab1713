/** One pod of a ReplicaSet as far as its number is concerned. */
export interface Replica {
  name: string;
  /** Bound to a node. */
  isAssigned: boolean;
  phase: 'Pending' | 'Running' | 'Unknown';
  isReady: boolean;
  /** Ready for long enough to count on. */
  isAvailable: boolean;
  /** Being deleted. */
  isTerminating: boolean;
  /** Ended for good, by itself or by its node. */
  isFinished: boolean;
  /** On a node that is gone or was declared lost. */
  isLost: boolean;
  /** How many pods of the same application are on its node, itself included. */
  neighbours: number;
  /** The user's wish which to delete first: the lowest. */
  deletionCost: number;
  restarts: number;
  /** Milliseconds since the epoch, as all times here; 0 when not ready. */
  readySince: number;
  createdAt: number;
}

export type Step = { do: 'create'; count: number } | { do: 'delete'; name: string };

/** The pods that count: there, or to be there soon. */
export function liveReplicas(observed: readonly Replica[]): Replica[] {
  return observed.filter(({ isTerminating, isFinished, isLost }) => !isTerminating && !isFinished && !isLost);
}

/**
 * What to change so that `replicas` pods are live; [] when there is nothing to do. A lost pod is replaced at once and
 * kept, in case its node returns: then the surplus goes, and unready pods go before ready ones. More lost pods than
 * are wanted at all are of no use and go.
 */
export function planReplicas(replicas: number, observed: readonly Replica[]): Step[] {
  const live = liveReplicas(observed);
  const lost = observed.filter(({ isLost, isTerminating, isFinished }) => isLost && !isTerminating && !isFinished);
  const surplus = cheapestFirst(live).slice(0, live.length - Math.min(live.length, replicas));
  const useless = cheapestFirst(lost).slice(0, lost.length - Math.min(lost.length, replicas));
  const deletes = [...surplus, ...useless].map(({ name }): Step => ({ do: 'delete', name }));
  return live.length < replicas ? [{ do: 'create', count: replicas - live.length }, ...deletes] : deletes;
}

/** In the order in which pods are given up. */
export function cheapestFirst(pods: readonly Replica[]): Replica[] {
  return [...pods].sort(
    (a, b) =>
      Number(a.isAssigned) - Number(b.isAssigned) ||
      phaseRank(a) - phaseRank(b) ||
      Number(a.isReady) - Number(b.isReady) ||
      Number(a.isAvailable) - Number(b.isAvailable) ||
      a.deletionCost - b.deletionCost ||
      b.neighbours - a.neighbours ||
      b.readySince - a.readySince ||
      b.restarts - a.restarts ||
      b.createdAt - a.createdAt ||
      (a.name < b.name ? -1 : 1),
  );
}

function phaseRank({ phase }: Replica): number {
  return ['Pending', 'Unknown', 'Running'].indexOf(phase);
}
