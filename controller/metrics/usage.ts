import type { ContainerSample, SamplesRequest } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';

/** What was used, over the time that ended at `at`. */
export interface Usage {
  /** Milliseconds since the epoch. */
  at: number;
  windowMs: number;
  /** Cores, on average. */
  cpu: number;
  memoryBytes: number;
}

export interface ContainerUsage extends Usage {
  name: string;
}

/** A node that has sent nothing for so long is not spoken of any more. */
const staleMs = 60_000;
/** A container that runs for less than this is measured from its start on when there is no earlier sample of it. */
const freshMs = 60_000;
/** Shorter times say nothing: the next sample is compared with the same one as this. */
const shortestMs = 1_000;
/** More containers than a node can run are not believed. */
const maxContainers = 5_000;

interface Samples {
  before?: SamplesRequest;
  latest: SamplesRequest;
  receivedAt: number;
}

/** What nodes and containers use now: the newest sample of each node, compared with the one before. */
export class UsageWindows {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #nodes = new Map<string, Samples>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Takes what a node sent. Of each node two samples are kept. */
  ingest(node: string, sent: SamplesRequest): void {
    const latest = { ...sent, containers: sent.containers.slice(0, maxContainers), pods: [] };
    const known = this.#fresh(node);
    const isSoon = known !== undefined && Math.abs(latest.at - known.latest.at) < shortestMs;
    const before = isSoon ? known.before : known?.latest;
    this.#nodes.set(node, { latest, receivedAt: this.#clock.monotonic(), ...(before && { before }) });
  }

  /** Undefined for a node of which too little is known. */
  node(name: string): Usage | undefined {
    const samples = this.#fresh(name);
    if (samples?.before === undefined) return undefined;
    const { before, latest } = samples;
    return usageOf(before.at, latest.at, latest.node.cpuSeconds - before.node.cpuSeconds, latest.node.workingSetBytes);
  }

  /** The running containers of all pods, by uid of the pod. A pod of which too little is known is left out. */
  pods(): Map<string, ContainerUsage[]> {
    const found = new Map<string, ContainerUsage[]>();
    for (const node of this.#nodes.keys()) {
      const samples = this.#fresh(node);
      if (samples === undefined) continue;
      const earlier = new Map(samples.before?.containers.map((each) => [keyOf(each), each]));
      for (const sample of samples.latest.containers) {
        const usage = containerUsage(sample, samples, earlier.get(keyOf(sample)));
        if (usage === undefined) continue;
        const all = found.get(sample.uid) ?? [];
        found.set(sample.uid, [...all, { name: sample.container, ...usage }]);
      }
    }
    return found;
  }

  #fresh(node: string): Samples | undefined {
    const samples = this.#nodes.get(node);
    if (samples === undefined || samples.receivedAt >= this.#clock.monotonic() - staleMs) return samples;
    this.#nodes.delete(node);
    return undefined;
  }
}

/** A container that was started again counts from zero: it is another. */
function keyOf({ uid, container, startedAt }: ContainerSample): string {
  return `${uid} ${container} ${startedAt}`;
}

function containerUsage(
  { cpuSeconds, workingSetBytes, startedAt }: ContainerSample,
  { before, latest }: Samples,
  earlier: ContainerSample | undefined,
): Usage | undefined {
  if (before !== undefined && earlier !== undefined) {
    return usageOf(before.at, latest.at, cpuSeconds - earlier.cpuSeconds, workingSetBytes);
  }
  const isFresh = startedAt > 0 && latest.at - startedAt < freshMs;
  return isFresh ? usageOf(startedAt, latest.at, cpuSeconds, workingSetBytes) : undefined;
}

/** Undefined when the node's clock was set back in between. */
function usageOf(from: number, at: number, cpuSeconds: number, memoryBytes: number): Usage | undefined {
  const windowMs = at - from;
  if (windowMs < shortestMs) return undefined;
  return { at, windowMs, cpu: Math.max(0, (cpuSeconds * 1_000) / windowMs), memoryBytes: Math.max(0, memoryBytes) };
}
