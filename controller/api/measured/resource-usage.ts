/** What was used, over the time that ended at `at`. */
export interface Usage {
  /** Milliseconds since the epoch. */
  at: number;
  windowMs: number;
  /** Cores, on average. */
  cpu: number;
  memoryBytes: number;
}

/** What nodes and containers use now, from wherever it is measured. */
export interface ResourceUsage {
  /** Undefined for a node of which too little is known. */
  node(name: string): Usage | undefined;
  /** The running containers of all pods, by uid of the pod; a pod of which too little is known is left out. */
  pods(): ReadonlyMap<string, readonly (Usage & { name: string })[]>;
}
