import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { LogLine } from '../../shared/logs.ts';
import { countWholeLines, parseRecord } from './cri-line.ts';
import { type LogFile, type Place, compareFiles, listLogFiles } from './log-files.ts';

/** The beginning of a line whose end was not read yet. */
export interface Pending {
  time: string;
  text: string;
}

/** A place between two records. Plain, so that it can be kept on disk. */
export interface LogPosition {
  attempt: number;
  part: number;
  offset: number;
  pending: { stdout?: Pending; stderr?: Pending };
}

export const logStart: LogPosition = { attempt: -1, part: 0, offset: 0, pending: {} };

export interface Scan {
  lines: LogLine[];
  /** Nothing more was there. */
  isAtEnd: boolean;
}

export interface Limits {
  lines: number;
  bytes: number;
}

/** Where lines go that a scanner comes by. */
interface Sink {
  /** Read into, again and again. */
  buffer: Buffer;
  isFull(): boolean;
  hasLines(): boolean;
  add(line: LogLine): void;
  /** Takes lines without their texts, where only the number counts. */
  count?(lines: number): void;
}

const chunkBytes = 64 << 10;
const countedChunkBytes = 4 << 20;
/** No runtime writes longer records; what is longer is cut. */
const maxRecordBytes = 1 << 20;
/** Longer lines are told as several. */
const maxLineChars = 32 << 10;
/** What a line takes besides its text when it is sent. */
const lineOverhead = 100;

/** Reads the log of one container forward, over rotated files and attempts, from a position that its owner may keep. */
export class LogScanner {
  readonly directory: string;
  #position: LogPosition;
  #entered: LogPosition;
  #handle: FileHandle | undefined;

  constructor(directory: string, position: LogPosition = logStart) {
    this.directory = directory;
    this.#position = structuredClone(position);
    this.#entered = this.position;
  }

  get position(): LogPosition {
    return structuredClone(this.#position);
  }

  /** Where the file that is read now was entered. */
  get entered(): LogPosition {
    return structuredClone(this.#entered);
  }

  /**
   * The next lines, all of one file. `isOver` tells of an attempt whose container has ended: a line without an end
   * counts then. Goes no further than the file `last`, when given.
   */
  async read(limits: Limits, isOver: (attempt: number) => boolean, last?: Place): Promise<Scan> {
    const lines: LogLine[] = [];
    let size = 0;
    const sink: Sink = {
      buffer: Buffer.allocUnsafe(chunkBytes),
      isFull: () => lines.length >= limits.lines || size >= limits.bytes,
      hasLines: () => lines.length > 0,
      add: (line) => {
        lines.push(line);
        size += Buffer.byteLength(line.text) + lineOverhead;
      },
    };
    const isAtEnd = await this.#advance(isOver, sink, last);
    return { lines, isAtEnd };
  }

  /**
   * As many lines as `read` would give up to the end of a file, without their texts: a flood must be counted faster than
   * it comes. Takes the file for what monitors write.
   */
  async skip(last: Place): Promise<{ count: number; isAtEnd: boolean }> {
    let count = 0;
    const sink: Sink = {
      buffer: Buffer.allocUnsafe(countedChunkBytes),
      isFull: () => false,
      hasLines: () => count > 0,
      add: () => {
        count += 1;
      },
      count: (lines) => {
        count += lines;
      },
    };
    const isAtEnd = await this.#advance(() => false, sink, last);
    return { count, isAtEnd };
  }

  /** Goes on to the end of a file or until the sink is full, at most to the end of `last`; says whether nothing more was there. */
  async #advance(isOver: (attempt: number) => boolean, sink: Sink, last?: Place): Promise<boolean> {
    for (;;) {
      const isEnded = isOver(this.#position.attempt); // before the read: nothing can follow what is read then
      const files = await listLogFiles(this.directory);
      const taken = this.#take(await this.#chunk(files, sink.buffer), sink);
      if (taken.isFull) return false;
      if (taken.bytes > 0) continue;
      // A newer file was there before this one was read to its end: nothing will be added to this one.
      const next = files.find((file) => compareFiles(file, this.#position) > 0);
      const isLast = next === undefined || (last !== undefined && compareFiles(next, last) > 0);
      const isNewAttempt = next !== undefined && next.attempt > this.#position.attempt;
      if (isLast ? isEnded : isNewAttempt) this.#flush(sink);
      if (isLast) return true;
      if (sink.hasLines()) return false;
      await this.#enter(next);
    }
  }

  /** Goes to another place. */
  async moveTo(position: LogPosition): Promise<void> {
    await this.close();
    this.#position = structuredClone(position);
    this.#entered = this.position;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #enter({ attempt, part }: LogFile): Promise<void> {
    await this.close();
    this.#position = { attempt, part, offset: 0, pending: this.#position.pending };
    this.#entered = this.position;
  }

  /** What follows in the file; empty at its end. The open file is read on even after it was renamed. */
  async #chunk(files: readonly LogFile[], room: Buffer): Promise<Buffer> {
    this.#handle ??= await this.#open(files);
    if (this.#handle === undefined) return Buffer.alloc(0);
    for (let buffer = room; ; buffer = Buffer.allocUnsafe(buffer.length * 4)) {
      const { length } = buffer;
      const { bytesRead } = await this.#handle.read(buffer, 0, length, this.#position.offset);
      const chunk = buffer.subarray(0, bytesRead);
      const end = chunk.lastIndexOf(0x0a);
      if (end !== -1) return chunk.subarray(0, end + 1);
      if (bytesRead < length) return Buffer.alloc(0); // the writer is in the middle of a record
      if (length >= maxRecordBytes) return chunk;
    }
  }

  /** Undefined when the file is gone, or was renamed while it was opened: the next pass finds it. */
  async #open(files: readonly LogFile[]): Promise<FileHandle | undefined> {
    const path = files.find((file) => compareFiles(file, this.#position) === 0)?.path;
    if (path === undefined) return undefined;
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
    const again = (await listLogFiles(this.directory)).find((file) => compareFiles(file, this.#position) === 0);
    const there = again === undefined ? undefined : await stat(again.path).catch(() => undefined);
    if (handle === undefined || (await handle.stat()).ino === there?.ino) return handle;
    await handle.close();
    return undefined;
  }

  #take(chunk: Buffer, sink: Sink): { bytes: number; isFull: boolean } {
    let start = 0;
    while (start < chunk.length) {
      if (sink.isFull()) return { bytes: start, isFull: true };
      const passed = this.#countPlain(chunk.subarray(start), sink);
      start += passed;
      if (passed > 0) continue;
      const newline = chunk.indexOf(0x0a, start);
      const end = newline === -1 ? chunk.length : newline;
      const line = this.#join(chunk.subarray(start, end));
      if (line !== undefined) sink.add(line);
      const length = (newline === -1 ? end : end + 1) - start;
      start += length;
      this.#position.offset += length;
    }
    return { bytes: start, isFull: false };
  }

  /** Passes over the whole lines at the front where their texts do not matter; how many bytes that were. */
  #countPlain(records: Buffer, sink: Sink): number {
    const { stdout, stderr } = this.#position.pending;
    if (sink.count === undefined || stdout !== undefined || stderr !== undefined) return 0;
    const { count, bytes } = countWholeLines(records);
    if (count > 0) sink.count(count);
    this.#position.offset += bytes;
    return bytes;
  }

  /** Adds a record to the line it belongs to; the line when it is complete, or long enough. */
  #join(bytes: Buffer): LogLine | undefined {
    const record = parseRecord(bytes);
    if (record === undefined) return undefined;
    const { pending, attempt } = this.#position;
    const { stream, isEnd } = record;
    const { time, text: begun } = pending[stream] ?? { time: record.time, text: '' };
    const text = begun + record.text;
    if (!isEnd && text.length < maxLineChars) {
      pending[stream] = { time, text };
      return undefined;
    }
    delete pending[stream];
    return { time, stream, attempt, text };
  }

  #flush(sink: Sink): void {
    const { pending, attempt } = this.#position;
    for (const stream of ['stdout', 'stderr'] as const) {
      const begun = pending[stream];
      if (begun !== undefined) sink.add({ ...begun, stream, attempt });
      delete pending[stream];
    }
  }
}
