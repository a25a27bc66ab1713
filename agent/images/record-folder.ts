import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { readJson } from './durable-file.ts';

/** A file system's time stands still for some milliseconds: changes within them may look like none. */
const settledMs = 100;

/** All records of a folder of JSON files, where every change is a rename or a removal, by any process. */
export class RecordFolder<T> {
  readonly #path: string;
  readonly #clock: Clock;
  #kept: { changedAt: bigint; records: T[] } | undefined;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** From memory when nothing has changed since they were read. Files that go away meanwhile are left out. */
  async all(): Promise<readonly T[]> {
    const { mtimeNs, mtimeMs } = await stat(this.#path, { bigint: true });
    if (this.#kept?.changedAt === mtimeNs) return this.#kept.records;
    const isSettled = this.#clock.now() - Number(mtimeMs) > settledMs;
    const names = (await readdir(this.#path)).filter((name) => name.endsWith('.json'));
    const found = await Promise.all(names.map((name) => readJson<T>(join(this.#path, name))));
    const records = found.filter((record) => record !== undefined);
    this.#kept = isSettled ? { changedAt: mtimeNs, records } : undefined;
    return records;
  }
}
