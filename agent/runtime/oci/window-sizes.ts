import type { Clock } from '../../../shared/clock.ts';
import { writeFifo } from './fifo.ts';

/** What the monitor takes as a size. */
const maxCells = 1000;
const betweenMs = 100;

/** Tells the monitor of a container how large the window is. */
export class WindowSizes {
  readonly #control: string;
  readonly #clock: Clock;
  #wanted: string | undefined;
  #isTelling = false;

  constructor(control: string, clock: Clock) {
    this.#control = control;
    this.#clock = clock;
  }

  /** The last size counts; those that it overtakes may be left out. */
  set(columns: number, rows: number): void {
    this.#wanted = `1 ${String(Math.min(rows, maxCells))} ${String(Math.min(columns, maxCells))}\n`;
    if (!this.#isTelling) void this.#tell();
  }

  /** One at a time: the monitor takes the first of several lines that it reads at once for all of them. */
  async #tell(): Promise<void> {
    this.#isTelling = true;
    try {
      while (this.#wanted !== undefined) {
        const size = this.#wanted;
        this.#wanted = undefined;
        await writeFifo(this.#control, size);
        await this.#clock.sleep(betweenMs);
      }
    } catch {
      // A container that is gone has no window.
    } finally {
      this.#isTelling = false;
    }
  }
}
