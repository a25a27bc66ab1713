import { readFile, rm } from 'node:fs/promises';
import { writeFileAtomic } from '../../shared/atomic-file.ts';
import type { LogBatch } from '../../shared/bus/messages.ts';
import { type LogFile, compareFiles } from './log-files.ts';
import { type LogPosition, LogScanner, logStart } from './log-scanner.ts';

/** Whose log it is, and where. */
export interface LogOwner {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  directory: string;
  /** File that keeps how far the log was shipped. */
  stateFile: string;
}

/** Where a file begins, and the number of its first line. */
interface FileStart {
  position: LogPosition;
  first: number;
}

interface ShipState {
  position: LogPosition;
  /** Number of the line at `position`. */
  next: number;
  /** Lines before `next` that are gone and that no controller was told of. */
  lost: number;
  starts: FileStart[];
}

const limits = { lines: 500, bytes: 64 << 10 };

/**
 * One container's log on its way to the controller. Lines are numbered from 0 over all attempts, always the same way,
 * so that what is sent twice is known by its number. Calls take turns.
 */
export class ContainerLog {
  readonly owner: LogOwner;
  /** When to look for news, on the caller's clock. */
  lookAt = 0;
  idleLooks = 0;
  readonly #scanner: LogScanner;
  #next = 0;
  #lost = 0;
  #skipTo = 0;
  #starts: FileStart[] = [];
  #batch: LogBatch | undefined;
  #batchFrom: LogPosition = logStart;
  #saved: ShipState | undefined;
  #isDirty = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(owner: LogOwner) {
    this.owner = owner;
    this.#scanner = new LogScanner(owner.directory);
  }

  /** Goes on where an earlier process was. */
  static async open(owner: LogOwner): Promise<ContainerLog> {
    const log = new ContainerLog(owner);
    const state = await readState(owner.stateFile);
    if (state !== undefined) {
      await log.#scanner.moveTo(state.position);
      log.#next = state.next;
      log.#lost = state.lost;
      log.#starts = state.starts;
      log.#saved = state;
    }
    return log;
  }

  /** True while more is acknowledged than is saved. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** There may be news. */
  wake(): void {
    this.lookAt = 0;
    this.idleLooks = 0;
  }

  /** The batch to send next: the same one until it is acknowledged. Undefined when nothing new is there. */
  fill(isOver: (attempt: number) => boolean): Promise<LogBatch | undefined> {
    return this.#inTurn(async () => {
      while (this.#batch === undefined) {
        const first = this.#next;
        this.#batchFrom = this.#scanner.position;
        const { lines, isAtEnd } = await this.#scanner.read(limits, isOver);
        this.#noteStart(first);
        this.#next += lines.length;
        const known = Math.min(lines.length, Math.max(0, this.#skipTo - first));
        if (lines.length > known) {
          const { namespace, pod, uid, container } = this.owner;
          const batch = { namespace, pod, uid, container, first: first + known, lines: lines.slice(known) };
          this.#batch = this.#lost === 0 ? batch : { ...batch, lost: this.#lost };
          this.#lost = 0;
        } else if (isAtEnd) return undefined;
      }
      return this.#batch;
    });
  }

  /** The controller wants line `next` after it was sent `batch`. */
  acknowledge(batch: LogBatch, next: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#batch !== batch) return;
      const { first, lines, lost = 0 } = batch;
      const { namespace, pod, uid, container } = batch;
      const isPart = next >= first && next < first + lines.length;
      this.#batch = isPart
        ? { namespace, pod, uid, container, first: next, lines: lines.slice(next - first) }
        : undefined;
      if (next > first + lines.length) this.#skipTo = next;
      if (next < first - lost) await this.#rewind(next, batch);
      if (this.#batch !== undefined) return;
      this.#saved = this.#state();
      this.#isDirty = true;
    });
  }

  /** The file is about to be removed: counts what was not shipped of it and goes on behind it. */
  passOver(file: LogFile): Promise<void> {
    return this.#inTurn(async () => {
      for (let isBehind = compareFiles(this.#scanner.position, file) > 0; !isBehind;) {
        const first = this.#next;
        const { count, isAtEnd } = await this.#scanner.skip(file);
        this.#noteStart(first);
        this.#next += count;
        this.#lost += count;
        isBehind = isAtEnd;
      }
      this.#starts = this.#starts.filter(({ position }) => compareFiles(position, file) > 0);
      if (this.#batch === undefined) this.#saved = this.#state();
      else if (compareFiles(this.#batchFrom, file) <= 0) {
        // Its lines are in memory alone now: should this process end before they are sent, they are lost.
        const unsent = this.#batch.lines.length + (this.#batch.lost ?? 0);
        this.#saved = { ...this.#state(), lost: this.#lost + unsent };
      }
      await this.#write();
    });
  }

  /** Says that the controller has all of this file. */
  hasShipped(file: LogFile): boolean {
    return this.#saved !== undefined && compareFiles(this.#saved.position, file) > 0;
  }

  /** Writes down how far the controller has it, when that changed. */
  save(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isDirty) await this.#write();
    });
  }

  /** Forgets the log; its files are the caller's to remove. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#scanner.close();
      await rm(this.owner.stateFile, { force: true });
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isDirty) await this.#write();
      await this.#scanner.close();
    });
  }

  #noteStart(first: number): void {
    const position = this.#scanner.entered;
    if (position.attempt < 0 || this.#starts.some((start) => compareFiles(start.position, position) === 0)) return;
    if (position.offset === 0) this.#starts.push({ position, first });
  }

  /** The controller has forgotten lines: reads again what is still there of them; the rest counts as lost. */
  async #rewind(wanted: number, batch: LogBatch): Promise<void> {
    const start = this.#starts.findLast(({ first }) => first <= wanted) ?? this.#starts[0];
    if (start === undefined) {
      this.#batch = { ...batch, lost: batch.first - wanted };
      return;
    }
    await this.#scanner.moveTo(start.position);
    this.#next = start.first;
    this.#skipTo = wanted;
    this.#lost = Math.max(0, start.first - wanted);
  }

  #state(): ShipState {
    const starts = this.#starts.map(({ position, first }) => ({ position, first }));
    return { position: this.#scanner.position, next: this.#next, lost: this.#lost, starts };
  }

  async #write(): Promise<void> {
    this.#isDirty = false;
    if (this.#saved !== undefined) await writeFileAtomic(this.owner.stateFile, JSON.stringify(this.#saved));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

async function readState(path: string): Promise<ShipState | undefined> {
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as ShipState;
    return { ...state, position: { ...logStart, ...state.position } };
  } catch {
    return undefined;
  }
}
