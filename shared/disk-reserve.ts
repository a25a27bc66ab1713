import { appendFileSync, rmSync, statfsSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

const mostBytes = 4 * 1024 * 1024;
const sliceBytes = 64 * 1024;
/** Who fills the disk may be faster than who has the slice given up for him: then he gets another. */
const slicesAtOnce = 4;

/**
 * A file that holds some of the disk while there is plenty, and is given up when others have filled it: SQLite writes
 * to its log before it can delete anything, or open after a crash; a container that is to be started again needs a root.
 */
export class DiskReserve {
  readonly #path: string;
  readonly #bytes: number;
  readonly #plentyBytes: number;
  #heldBytes: number;

  /** With less than `plentyBytes` free it is not made. */
  constructor(path: string, plentyBytes: number) {
    this.#path = path;
    this.#plentyBytes = plentyBytes;
    this.#bytes = Math.min(mostBytes, Math.floor(plentyBytes / 4));
    this.#heldBytes = sizeOf(path);
  }

  /** Makes it whole where there is room, and does nothing while it is. */
  take(): void {
    const missing = this.#bytes - this.#heldBytes;
    if (missing <= 0 || freeBytes(this.#path) < this.#plentyBytes + missing) return;
    try {
      appendFileSync(this.#path, Buffer.alloc(missing), { mode: 0o600 });
      this.#heldBytes = this.#bytes;
    } catch {
      this.#remove(); // somebody else was faster: half of it is of no use
    }
  }

  /** Tries work that failed for lack of space again with a little of the reserve: it is to last for many. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    for (let slices = 0; ; slices += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isDiskFull(error) || slices === slicesAtOnce || !this.giveUpSlice()) throw error;
      }
    }
  }

  /** Makes room for a little. False when there is nothing to give. */
  giveUpSlice(): boolean {
    const held = sizeOf(this.#path);
    if (held <= sliceBytes) this.#remove();
    else truncateSync(this.#path, held - sliceBytes);
    this.#heldBytes = Math.max(0, held - sliceBytes);
    return held > 0;
  }

  #remove(): void {
    rmSync(this.#path, { force: true });
    this.#heldBytes = 0;
  }
}

/** Of the disk that a file is on. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

/** An error, or what led to it, is lack of space or of what a quota leaves of it. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) || isDiskFull(error.cause);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
