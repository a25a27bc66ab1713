import type { Change, StateStore } from './state-store.ts';
import { isWatched, tooOld } from './change-ring.ts';
import type { WatchOptions } from './store.ts';

/** Many watches come back at the same time, as after a restart: they share what was read once. */
const shareMs = 5_000;

type Log = Awaited<ReturnType<StateStore['changes']>>;

/** The changes that are no longer in memory, from the StateStore. */
export class PastChanges {
  readonly #state: StateStore;
  #shared: Promise<Log> | undefined;

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Changes above `options.from` and up to `to`, in order. Throws Expired when some of them are gone. */
  async *between(options: WatchOptions, to: number): AsyncGenerator<Change, void> {
    const { changes, floor } = await this.#reaching(to);
    if (options.from < floor) throw tooOld(options.from, floor);
    for (const change of changes) {
      if (options.signal.aborted || change.version > to) return;
      if (change.version > options.from && isWatched(options, change)) yield change;
    }
  }

  async #reaching(version: number): Promise<Log> {
    for (;;) {
      const shared = this.#shared ?? this.#read();
      const log = await shared;
      if (Math.max(log.floor, log.changes.at(-1)?.version ?? 0) >= version) return log;
      if (this.#shared === shared) this.#shared = undefined;
    }
  }

  #read(): Promise<Log> {
    const log = this.#state.changes();
    this.#shared = log;
    const forget = (): void => {
      if (this.#shared === log) this.#shared = undefined;
    };
    log.then(() => setTimeout(forget, shareMs).unref(), forget);
    return log;
  }
}
