import type { ControllerLink, DesiredSet } from '../../agent/controller-link.ts';
import type { EventReport, LogBatch, PodReport, RegisterReply, SamplesRequest } from '../../shared/bus/messages.ts';
import { ApiError } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';

/** The desired set as a test writes it. */
export class FakeDesired implements DesiredSet {
  isLoaded = true;
  readonly #items = new Map<string, KubeObject>();
  readonly #listeners = new Map<string, (key: string) => void>();

  get(key: string): KubeObject | undefined {
    return this.#items.get(key);
  }

  list(prefix: string): KubeObject[] {
    return [...this.#items].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  onChange(prefix: string, listener: (key: string) => void): void {
    this.#listeners.set(prefix, listener);
  }

  set(resource: string, object: KubeObject): void {
    this.#change(`${resource}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object);
  }

  remove(resource: string, namespace: string, name: string): void {
    this.#change(`${resource}/${namespace}/${name}`, undefined);
  }

  #change(key: string, object: KubeObject | undefined): void {
    if (object === undefined) this.#items.delete(key);
    else this.#items.set(key, object);
    for (const [prefix, listener] of this.#listeners) if (key.startsWith(prefix)) listener(key);
  }
}

/** A controller that accepts everything and remembers it. */
export class FakeLink implements ControllerLink {
  readonly desired = new FakeDesired();
  isConnected = true;
  readonly reports: PodReport[] = [];
  readonly events: EventReport[] = [];
  readonly samples: SamplesRequest[] = [];
  /** Lines by `uid/container`, in the order of their numbers; holes are undefined. */
  readonly lines = new Map<string, string[]>();
  readonly lost = new Map<string, number>();
  batches = 0;

  register(): Promise<RegisterReply> {
    return Promise.resolve({ podCIDR: '10.90.0.0/24', clusterId: 'test' });
  }

  report(report: PodReport): void {
    this.reports.push(structuredClone(report));
  }

  event(event: EventReport): void {
    this.events.push(event);
  }

  sendSamples(samples: SamplesRequest): void {
    this.samples.push(samples);
  }

  /** Keeps lines as a controller does: from the wanted number on, doubles dropped. */
  sendLogs(batches: LogBatch[]): Promise<number[]> {
    if (!this.isConnected) return Promise.reject(new ApiError('ServiceUnavailable', 'not connected'));
    this.batches += batches.length;
    return Promise.resolve(batches.map((batch) => this.#accept(batch)));
  }

  /** The newest report of a pod. */
  last(uid: string): PodReport | undefined {
    return this.reports.findLast((report) => report.uid === uid);
  }

  #accept({ uid, container, first, lines, lost = 0 }: LogBatch): number {
    const key = `${uid}/${container}`;
    const known = this.lines.get(key) ?? [];
    this.lines.set(key, known);
    const gone = this.lost.get(key) ?? 0;
    const next = known.length + gone;
    if (first > next + lost) return next;
    if (first > next) this.lost.set(key, gone + first - next);
    const wanted = Math.max(next, first);
    known.push(...lines.slice(wanted - first).map(({ text }) => text));
    return known.length + (this.lost.get(key) ?? 0);
  }
}
