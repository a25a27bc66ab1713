import { openSync, readFileSync, writeSync } from 'node:fs';
import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';

/** One line of the file: a key that is worked on has a place in their order, one that was stuck has its strikes. */
interface Entry {
  runner: string;
  key: string;
  order?: number;
  strikes?: number;
  /** Milliseconds since the epoch. */
  until?: number;
}

/** Room for the longest key there can be. */
const slotBytes = 512;
const maxAside = 50;
/** How long a key is set aside: longer each time that it was at work again when the process was stuck. */
const aside = { initialMs: 60_000, maxMs: 3_600_000 };
const suspiciousStrikes = 2;

/**
 * Which keys are worked on, in a file that outlives a process that is stuck: without waiting for the disk, since the
 * kernel keeps what was written. When the process before this one had to be killed, the key it began last is set aside for
 * a while, and so is each that it was at work on for the second time; what else was in progress is not to blame. A file
 * that cannot be written costs nothing but this.
 */
export class WorkJournal {
  readonly #clock: Clock;
  readonly #file: number | undefined;
  readonly #aside: ReadonlyMap<string, Entry>;
  readonly #announced = new Set<string>();
  readonly #free: number[] = [];
  #slots: number;
  #order = 0;

  /** `wasStuck`: the process before was killed since it did not answer, or ended itself amid work. */
  constructor(path: string, clock: Clock, wasStuck: boolean) {
    const now = clock.now();
    const entries = readEntries(path);
    const known = entries.filter(({ until }) => until !== undefined && until + aside.maxMs > now);
    const blamed = wasStuck ? blame(entries, known, now) : [];
    const all = new Map([...known, ...blamed].map((entry) => [nameOf(entry.runner, entry.key), entry]));
    this.#clock = clock;
    this.#aside = new Map([...all].slice(-maxAside));
    this.#slots = this.#aside.size;
    this.#file = writeAnew(path, [...this.#aside.values()]);
  }

  /** Notes that work on the key begins. The result is for `end`. */
  begin(runner: string, key: string): number {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#order += 1;
    this.#write(slot, textOf({ runner, key, order: this.#order }));
    return slot;
  }

  end(slot: number): void {
    this.#write(slot, ' ');
    this.#free.push(slot);
  }

  /** For how long the key is still set aside, and whether that is asked for the first time; undefined for others. */
  asideFor(runner: string, key: string): { leftMs: number; isNews: boolean } | undefined {
    const name = nameOf(runner, key);
    const leftMs = Math.min((this.#aside.get(name)?.until ?? 0) - this.#clock.now(), aside.maxMs);
    if (leftMs <= 0) return undefined;
    const isNews = !this.#announced.has(name);
    this.#announced.add(name);
    return { leftMs, isNews };
  }

  #write(slot: number, text: string): void {
    if (this.#file === undefined) return;
    try {
      writeSync(this.#file, text, slot * slotBytes);
    } catch {
      // A full disk: the next start knows less.
    }
  }
}

/** What was in progress, each with one strike more; the newest and those with several are set aside. */
function blame(entries: readonly Entry[], known: readonly Entry[], now: number): Entry[] {
  const inProgress = entries.filter(({ order }) => order !== undefined);
  const newest = Math.max(...inProgress.map(({ order }) => order ?? 0));
  return inProgress.map(({ runner, key, order }) => {
    const before = known.find((each) => each.runner === runner && each.key === key)?.strikes ?? 0;
    const strikes = before + 1;
    const isSuspect = order === newest || strikes >= suspiciousStrikes;
    return { runner, key, strikes, until: isSuspect ? now + backoffMs(strikes, aside) : now };
  });
}

function readEntries(path: string): Entry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Entry];
    } catch {
      return []; // a slot that is free
    }
  });
}

function writeAnew(path: string, entries: readonly Entry[]): number | undefined {
  try {
    const file = openSync(path, 'w', 0o600);
    entries.forEach((entry, slot) => writeSync(file, textOf(entry), slot * slotBytes));
    return file;
  } catch {
    return undefined;
  }
}

/** Fills its slot, so that nothing is left of what was there before. */
function textOf(entry: Entry): string {
  return `${JSON.stringify(entry)
    .padEnd(slotBytes - 1)
    .slice(0, slotBytes - 1)}\n`;
}

function nameOf(runner: string, key: string): string {
  return `${runner} ${key}`;
}
