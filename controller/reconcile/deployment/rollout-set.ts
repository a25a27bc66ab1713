/** One ReplicaSet of a Deployment, as the plan of a rollout sees it. */
export interface RolloutSet {
  name: string;
  /** What its spec asks for. */
  replicas: number;
  /** Pods that exist and are not being deleted, lost ones left out. */
  live: number;
  /** Live pods that have been ready for long enough. */
  available: number;
  /** Pods that are not known to have ended, those being deleted included: Recreate waits for them. */
  running: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The Deployment's replicas when this set was last sized; undefined when it never was. */
  sizedFor?: number;
  /** The most pods the Deployment might have had then. */
  sizedMax?: number;
}

export interface RolloutDesired {
  replicas: number;
  strategy: 'RollingUpdate' | 'Recreate';
  /** Pods above `replicas` at most; 0 for Recreate. */
  maxSurge: number;
  /** Available pods below `replicas` at most. */
  maxUnavailable: number;
  isPaused: boolean;
}

/** The new set, if its template is in use already, and all others. */
export interface RolloutSets {
  current: RolloutSet | undefined;
  old: readonly RolloutSet[];
}

export function allSets({ current, old }: RolloutSets): readonly RolloutSet[] {
  return current === undefined ? old : [...old, current];
}

/** The pods a set may have at this moment at most: its spec's, or those that are not deleted yet. */
export function mostPods({ replicas, live }: RolloutSet): number {
  return Math.max(replicas, live);
}

/** The available pods a set keeps at least once it has its size: unavailable ones are deleted first. */
export function leastAvailable({ replicas, available }: RolloutSet): number {
  return Math.min(replicas, available);
}

export function sum(sets: readonly RolloutSet[], of: (set: RolloutSet) => number): number {
  return sets.reduce((total, set) => total + of(set), 0);
}

/** The sets with new sizes; a name that is not in `sizes` keeps its size. */
export function resize({ current, old }: RolloutSets, sizes: ReadonlyMap<string, number>): RolloutSets {
  const apply = (set: RolloutSet): RolloutSet => ({ ...set, replicas: sizes.get(set.name) ?? set.replicas });
  return { current: current && apply(current), old: old.map(apply) };
}
