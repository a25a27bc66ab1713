import { rename, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ContainerId, RuntimeDriver } from '../runtime/driver.ts';
import { type LogFile, listLogFiles, sizeOf } from './log-files.ts';

export interface RotationLimits {
  /** A file is rotated when it is larger. */
  fileBytes: number;
  /** Files of one attempt, the current one included. */
  files: number;
  /** Attempts of which files are kept, shipped or not; older ones go when they are shipped. */
  attempts: number;
  /** Of one container, whatever they hold. */
  allFiles: number;
}

export const defaultRotation: RotationLimits = { fileBytes: 10 << 20, files: 5, attempts: 2, allFiles: 100 };

interface Deps {
  driver: Pick<RuntimeDriver, 'reopenLog'>;
  limits: RotationLimits;
  /** Says that the controller has all of this file. */
  isShipped: (directory: string, file: LogFile) => boolean;
  /** Called before a file is removed; it waits for the answer. */
  beforeRemove: (directory: string, file: LogFile) => Promise<void>;
}

/** Keeps the logs of containers small. The runtime writes on while a file is renamed, and nothing is lost. */
export class LogRotator {
  readonly #deps: Deps;
  /** Containers that write to the file that has their log's name. */
  readonly #open = new Set<ContainerId>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Rotates a current file when it is too large; true when it was. */
  async rotate(path: string, id: ContainerId): Promise<boolean> {
    const { driver, limits } = this.#deps;
    const directory = dirname(path);
    const size = sizeOf(path);
    if (size === 0 && !this.#open.has(id)) return this.#reopenLost(path, id);
    if (size < limits.fileBytes) return false;
    const current = (await listLogFiles(directory)).find((file) => file.path === path);
    if (current === undefined) return false;
    this.#open.delete(id);
    await rename(path, `${path}.${String(current.part)}`);
    await driver.reopenLog(id);
    await this.trim(directory);
    return true;
  }

  /** Forgets containers that are not among these. */
  retain(ids: ReadonlySet<ContainerId>): void {
    for (const id of this.#open) if (!ids.has(id)) this.#open.delete(id);
  }

  /** Removes what is over the limits, oldest first. */
  async trim(directory: string): Promise<void> {
    const { limits, isShipped, beforeRemove } = this.#deps;
    const files = await listLogFiles(directory);
    const attempts = [...new Set(files.map(({ attempt }) => attempt))].reverse().slice(0, limits.attempts);
    const sizes = files.map(({ path }) => sizeOf(path));
    let total = sizes.reduce((sum, size) => sum + size, 0);
    for (const [index, file] of files.entries()) {
      const younger = files.slice(index + 1).filter(({ attempt }) => attempt === file.attempt).length;
      const isOld = !attempts.includes(file.attempt) && isShipped(directory, file);
      const isExtra = isOld || younger >= limits.files || index < files.length - limits.allFiles;
      const isTooMuch = total > limits.fileBytes * limits.files;
      if (file === files.at(-1) || !(isExtra || isTooMuch)) continue;
      await beforeRemove(directory, file);
      if (tellsNumber(file, files)) await truncate(file.path);
      else await rm(file.path, { force: true });
      total -= sizes[index] ?? 0;
    }
  }

  /** An earlier process renamed the file and ended before it could say so: the container still writes to the old one. */
  async #reopenLost(path: string, id: ContainerId): Promise<boolean> {
    const files = await listLogFiles(dirname(path));
    if (files.some((file) => file.path === path)) this.#open.add(id);
    if (files.length === 0 || this.#open.has(id)) return false;
    const newest = files.at(-1);
    if (newest === undefined || newest.isCurrent || !newest.path.startsWith(`${path}.`)) return false;
    await this.#deps.driver.reopenLog(id);
    return true;
  }
}

/** The current file of an attempt has its number from the newest rotated one: that one stays, empty. */
function tellsNumber(file: LogFile, files: readonly LogFile[]): boolean {
  const next = files[files.indexOf(file) + 1];
  return !file.isCurrent && next !== undefined && next.isCurrent && next.attempt === file.attempt;
}
