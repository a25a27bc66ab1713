import { ApiError } from '../../shared/errors.ts';
import type { Change } from './state-store.ts';
import type { WatchOptions } from './store.ts';

export interface RingLimits {
  /** Changes held for watches that start in the past; what is older is read from the StateStore. */
  changes: number;
  /** Of the kept objects as JSON. */
  bytes: number;
  /** Of the changes that one slow follower may leave unread. */
  followerBytes: number;
}

export const defaultRingLimits: RingLimits = {
  changes: 10_000,
  bytes: 16 * 1024 * 1024,
  followerBytes: 8 * 1024 * 1024,
};

interface Kept {
  change: Change;
  bytes: number;
}

/** The recent past, and those who follow it. Changes come in the order of their versions. */
export class ChangeRing {
  readonly #limits: RingLimits;
  readonly #followers = new Set<Follower>();
  /** Changes from `#first` on; what is before was dropped and is cut off now and then. */
  #kept: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  /** A watch from below this version has missed something. */
  #floor: number;
  #version: number;

  constructor(version: number, limits: RingLimits = defaultRingLimits) {
    this.#limits = limits;
    this.#floor = version;
    this.#version = version;
  }

  get version(): number {
    return this.#version;
  }

  /** Changes above this version are held here. */
  get floor(): number {
    return this.#floor;
  }

  push(change: Change, bytes: number): void {
    this.#version = change.version;
    this.#kept.push({ change, bytes });
    this.#bytes += bytes;
    while (this.#kept.length - this.#first > this.#limits.changes || this.#bytes > this.#limits.bytes) this.#drop();
    if (this.#first > this.#limits.changes) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    for (const follower of this.#followers) follower.offer({ change, bytes });
  }

  async *watch(options: WatchOptions): AsyncGenerator<Change, void> {
    const { from, signal } = options;
    if (signal.aborted) return;
    if (from < this.#floor || from > this.#version) {
      throw tooOld(from, this.#floor);
    }
    const follower = new Follower(options, this.#limits.followerBytes);
    const past = this.#after(from).filter(({ change }) => follower.wants(change));
    this.#followers.add(follower);
    const wake = (): void => follower.wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (const { change } of past) {
        if (signal.aborted) return;
        yield change;
      }
      past.length = 0;
      while (!signal.aborted) {
        const change = follower.take();
        if (change === undefined) await follower.wait();
        else yield change;
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#followers.delete(follower);
    }
  }

  #drop(): void {
    const dropped = this.#kept[this.#first];
    if (dropped === undefined) return;
    this.#bytes -= dropped.bytes;
    this.#floor = dropped.change.version;
    this.#kept[this.#first] = undefined;
    this.#first += 1;
  }

  #after(version: number): Kept[] {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.change.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#kept.slice(low).filter((kept) => kept !== undefined);
  }
}

/** One watch: what it wants and has not read yet. One that falls too far behind loses everything and is told so. */
class Follower {
  readonly #options: WatchOptions;
  readonly #maxBytes: number;
  readonly #unread: Kept[] = [];
  #bytes = 0;
  #lost = false;
  #wake: (() => void) | undefined;

  constructor(options: WatchOptions, maxBytes: number) {
    this.#options = options;
    this.#maxBytes = maxBytes;
  }

  wants(change: Change): boolean {
    return isWatched(this.#options, change);
  }

  offer(kept: Kept): void {
    if (this.#lost || !this.wants(kept.change)) return;
    this.#unread.push(kept);
    this.#bytes += kept.bytes;
    if (this.#unread.length > (this.#options.maxBuffered ?? 1_000) || this.#bytes > this.#maxBytes) {
      this.#lost = true;
      this.#unread.length = 0;
    }
    this.wake();
  }

  /** The next change if there is one; throws Expired when changes were lost. */
  take(): Change | undefined {
    if (this.#lost) throw expired('the watch fell too far behind and was cut off');
    const kept = this.#unread.shift();
    if (kept !== undefined) this.#bytes -= kept.bytes;
    return kept?.change;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

export function isWatched({ resource, namespace }: WatchOptions, { key }: Change): boolean {
  if (resource !== undefined && resource !== key.resource) return false;
  return namespace === undefined || namespace === '' || namespace === key.namespace;
}

/** What a watch is answered that starts below what is stored: the client lists anew. */
export function tooOld(from: number, floor: number): ApiError {
  return expired(`too old resource version: ${from} (${floor})`);
}

function expired(message: string): ApiError {
  return new ApiError('Expired', message);
}
