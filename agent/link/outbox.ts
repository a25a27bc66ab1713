import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';

interface Deps<T> {
  what: string;
  /** Resolves when the other side has it. */
  send: (batch: T[], signal: AbortSignal) => Promise<void>;
  clock: Clock;
  log: Logger;
}

const maxBatch = 100;
const maxBatchBytes = 512 * 1024;
const hopeless: ReadonlySet<string> = new Set(['BadRequest', 'Invalid', 'RequestEntityTooLarge', 'Forbidden']);

/**
 * Things on their way to the controller by key: one batch is under way at a time, the newest of each key goes, and it
 * goes again until it is acknowledged. What the controller will never take is told and dropped.
 */
export class Outbox<T> {
  readonly #deps: Deps<T>;
  readonly #waiting = new Map<string, T>();
  #wake: (() => void) | undefined;
  #batchSize = maxBatch;

  constructor(deps: Deps<T>) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  put(key: string, item: T): void {
    this.#waiting.set(key, item);
    this.#wake?.();
  }

  /** Takes back the one that waits longest. */
  dropOldest(): void {
    for (const key of this.#waiting.keys()) {
      this.#waiting.delete(key);
      return;
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    for (let failures = 0; !signal.aborted;) {
      if (this.#waiting.size === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const isSent = await this.#sendOnce(signal);
      failures = isSent ? 0 : failures + 1;
      if (!signal.aborted && !isSent) await clock.sleep(backoffMs(failures, { initialMs: 100, maxMs: 2000 }), signal);
    }
  }

  /** False when it has to be tried again later. */
  async #sendOnce(signal: AbortSignal): Promise<boolean> {
    const batch = this.#take();
    try {
      await this.#deps.send(
        batch.map(([, item]) => item),
        signal,
      );
      this.#batchSize = maxBatch;
      return true;
    } catch (error) {
      if (error instanceof ApiError && hopeless.has(error.reason)) return this.#refused(batch, error);
      this.#putBack(batch);
      return false;
    }
  }

  /** One of them is bad: alone it shows which. */
  #refused(batch: [string, T][], error: ApiError): boolean {
    if (batch.length > 1) {
      this.#batchSize = 1;
      this.#putBack(batch);
    } else {
      this.#deps.log.error(`${this.#deps.what} refused and dropped`, { key: batch[0]?.[0], problem: messageOf(error) });
    }
    return true;
  }

  #take(): [string, T][] {
    const batch: [string, T][] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      bytes += Buffer.byteLength(JSON.stringify(entry[1]));
      if (batch.length > 0 && (batch.length >= this.#batchSize || bytes > maxBatchBytes)) break;
      batch.push(entry);
    }
    for (const [key] of batch) this.#waiting.delete(key);
    return batch;
  }

  /** What came newer meanwhile stays. */
  #putBack(batch: [string, T][]): void {
    const newer = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, item] of [...batch, ...newer]) this.#waiting.set(key, item);
  }
}
