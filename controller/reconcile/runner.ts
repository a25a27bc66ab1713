import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';
import { WorkQueue } from '../../shared/workqueue.ts';
import { queueMetrics } from './queue-metrics.ts';
import type { QueueMetrics } from './queue-metrics.ts';
import type { ReconcileDeps } from './deps.ts';

/** Brings what `key` names to what is desired. Resolves with the milliseconds after which to look again, if any. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<number | undefined>;

const retry = { initialMs: 20, maxMs: 60_000 };

/**
 * Works on keys, each by one worker at a time. An error brings its key back with a growing delay; a Conflict is an
 * error of no interest. Runs from the start on and ends with its scope.
 */
export class Runner {
  readonly #name: string;
  readonly #reconcile: Reconcile;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WorkQueue<string>;
  readonly #metrics: QueueMetrics;
  readonly #failures = new Map<string, number>();

  constructor(
    name: string,
    reconcile: Reconcile,
    deps: Pick<ReconcileDeps, 'clock' | 'log' | 'registry'>,
    scope: Scope,
    workers = 4,
  ) {
    this.#name = name;
    this.#reconcile = reconcile;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ controller: name });
    this.#queue = new WorkQueue(deps.clock, scope);
    this.#metrics = queueMetrics(deps.registry, name);
    for (let worker = 0; worker < workers; worker += 1) {
      scope.spawn(
        (signal) => this.#work(signal),
        (error) => this.#log.error('worker ended', { error }),
      );
    }
  }

  get name(): string {
    return this.#name;
  }

  add(key: string): void {
    this.#metrics.added();
    this.#queue.add(key);
    this.#metrics.depth(this.#queue.size);
  }

  /** Adds the key after a time; the earliest of several wins. */
  addAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      this.#metrics.depth(this.#queue.size);
      const again = await this.#once(key, signal);
      this.#queue.done(key);
      if (again !== undefined) this.#queue.addAfter(key, again);
    }
  }

  async #once(key: string, signal: AbortSignal): Promise<number | undefined> {
    const start = this.#clock.monotonic();
    try {
      const again = await this.#reconcile(key, signal);
      this.#failures.delete(key);
      return again;
    } catch (error) {
      if (signal.aborted) return undefined;
      return this.#failed(key, error);
    } finally {
      this.#metrics.worked(this.#clock.monotonic() - start);
    }
  }

  #failed(key: string, error: unknown): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const retryInMs = backoffMs(failures, retry);
    this.#metrics.retried();
    if (hasReason(error, 'Conflict')) this.#log.debug('conflict', { key, retryInMs });
    else this.#log.warn('reconcile failed', { key, failures, retryInMs, error });
    return retryInMs;
  }
}

/** `namespace/name`; the namespace of cluster-scoped objects is ''. */
export function keyOf({ namespace, name }: { namespace?: string; name: string }): string {
  return `${namespace ?? ''}/${name}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
