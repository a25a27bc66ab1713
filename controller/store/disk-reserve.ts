import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const mostBytes = 4 * 1024 * 1024;

/**
 * A file that holds some of the disk while there is plenty, and is given up when others have filled it: SQLite writes
 * to its log before it can delete anything, or open after a crash.
 */
export class DiskReserve {
  readonly #path: string;
  readonly #bytes: number;
  readonly #plentyBytes: number;
  #isHeld: boolean;

  /** With less than `plentyBytes` free it is not made. */
  constructor(path: string, plentyBytes: number) {
    this.#path = path;
    this.#plentyBytes = plentyBytes;
    this.#bytes = Math.min(mostBytes, Math.floor(plentyBytes / 4));
    this.#isHeld = existsSync(path);
  }

  /** Makes it where there is room, and does nothing while it is there. */
  take(): void {
    if (this.#isHeld || this.#bytes === 0 || freeBytes(this.#path) < this.#plentyBytes + this.#bytes) return;
    try {
      writeFileSync(this.#path, Buffer.alloc(this.#bytes), { mode: 0o600 });
      this.#isHeld = true;
    } catch {
      this.giveUp(); // somebody else was faster: half of it is of no use
    }
  }

  /** False when there was nothing to give. */
  giveUp(): boolean {
    const wasHeld = existsSync(this.#path);
    rmSync(this.#path, { force: true });
    this.#isHeld = false;
    return wasHeld;
  }
}

/** Of the disk that a file is on. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}
