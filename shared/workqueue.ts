import type { Clock } from './clock.ts';
import type { Scope } from './scope.ts';

/** Longest that keys follow each other before anything else of the process has its turn. */
const sliceMs = 20;

/**
 * Keys that want work. A key is handed out once at a time: added while it is worked on, it comes back after `done`.
 * Bounded by the number of distinct keys. Many keys do not keep the rest of the process from its turn.
 */
export class WorkQueue<K> {
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #ready = new Set<K>();
  readonly #working = new Set<K>();
  readonly #again = new Set<K>();
  readonly #delayed = new Map<K, { due: number; timer: Scope }>();
  readonly #waiters: ((key: K | undefined) => void)[] = [];
  #sliceEnd = 0;

  constructor(clock: Clock, scope: Scope) {
    this.#clock = clock;
    this.#scope = scope;
    scope.signal.addEventListener('abort', () => this.#waiters.splice(0).forEach((wake) => wake(undefined)), {
      once: true,
    });
  }

  /** Keys that wait to be worked on now; those that wait for a time are not counted. */
  get size(): number {
    return this.#ready.size + this.#again.size;
  }

  add(key: K): void {
    if (this.#scope.isClosed) return;
    this.#cancelDelay(key);
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.add(key);
    this.#hand();
  }

  /** Adds the key after `delayMs`; the earliest of several wins. */
  addAfter(key: K, delayMs: number): void {
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const due = this.#clock.monotonic() + delayMs;
    const pending = this.#delayed.get(key);
    if (pending !== undefined && pending.due <= due) return;
    this.#cancelDelay(key);
    const timer = this.#scope.child('delay');
    this.#delayed.set(key, { due, timer });
    timer.spawn(
      async (signal) => {
        await this.#clock.sleep(delayMs, signal);
        this.#delayed.delete(key);
        this.add(key);
        void timer.close();
      },
      () => undefined,
    );
  }

  /** The next key, or undefined when the scope closed. */
  async next(): Promise<K | undefined> {
    if (this.#clock.monotonic() >= this.#sliceEnd) {
      await new Promise(setImmediate);
      this.#sliceEnd = this.#clock.monotonic() + sliceMs;
    }
    return new Promise((resolve) => {
      if (this.#scope.isClosed) {
        resolve(undefined);
        return;
      }
      this.#waiters.push(resolve);
      this.#hand();
    });
  }

  done(key: K): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) {
      this.#ready.add(key);
      this.#hand();
    }
  }

  #hand(): void {
    for (const key of this.#ready) {
      const wake = this.#waiters.shift();
      if (wake === undefined) return;
      this.#ready.delete(key);
      this.#working.add(key);
      wake(key);
    }
  }

  #cancelDelay(key: K): void {
    const pending = this.#delayed.get(key);
    if (pending === undefined) return;
    this.#delayed.delete(key);
    void pending.timer.close();
  }
}
