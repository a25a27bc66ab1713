import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Miss } from './filters.ts';

interface Waiting {
  kinds: ReadonlySet<Miss['kind']>;
  attempts: number;
  lastAt: number;
}

const backoff = { initialMs: 100, maxMs: 10_000 };
/** Even if nothing happened that should help. */
const lookAgainMs = 60_000;

/** Pods that fit nowhere, with what kind of change could help them. Bounded by the number of pods. */
export class WaitingPods {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Returns the milliseconds after which to try again in any case. */
  add(key: string, misses: readonly Miss[]): number {
    const attempts = (this.#waiting.get(key)?.attempts ?? 0) + 1;
    // A new node helps those for whom there is none.
    const kinds = new Set(misses.map(({ kind }) => kind)).add('node');
    this.#waiting.set(key, { kinds, attempts, lastAt: this.#clock.monotonic() });
    return lookAgainMs;
  }

  remove(key: string): void {
    this.#waiting.delete(key);
  }

  /** The pods that a change of this kind may help, and how long each has to wait so that it is not tried too often. */
  wakeable(kind: Miss['kind']): { key: string; afterMs: number }[] {
    const now = this.#clock.monotonic();
    return [...this.#waiting]
      .filter(([, { kinds }]) => kinds.has(kind))
      .map(([key, { attempts, lastAt }]) => ({ key, afterMs: lastAt + backoffMs(attempts, backoff) - now }));
  }
}
