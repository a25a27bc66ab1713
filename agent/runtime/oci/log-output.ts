import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';

const blockBytes = 64 << 10;
/** A change that the kernel did not tell of, as on some file systems, is seen after this. */
const lookAgainMs = 500;
const newline = 0x0a;
const space = 0x20;

/**
 * The output of a container, read back from its log: the bytes as they were written, from now on. The log is written
 * whether anybody reads or not, so a reader that is slow or goes away holds up nothing but itself.
 */
export class LogOutput {
  readonly stdout = new PassThrough({ highWaterMark: blockBytes });
  readonly stderr = new PassThrough({ highWaterMark: blockBytes });
  readonly #path: string;
  #rest: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #hasNews = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads on from the present end of the log until `end` or the abort; resolves once the place is known. */
  async start(signal: AbortSignal): Promise<void> {
    const file = await open(this.#path, 'r');
    const offset = await endOfRecords(file);
    const news = (): void => {
      this.#hasNews = true;
      this.#wake?.();
    };
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(dirname(this.#path), news);
      watcher.on('error', () => undefined); // then looking again has to do
    } catch {
      // The same.
    }
    const timer = setInterval(news, lookAgainMs);
    signal.addEventListener('abort', news, { once: true });
    void this.#follow(file, offset, signal).finally(() => {
      watcher?.close();
      clearInterval(timer);
      signal.removeEventListener('abort', news);
      this.stdout.end();
      this.stderr.end();
    });
  }

  /** The container has ended: what is in the log now is all there will be. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async #follow(first: FileHandle, from: number, signal: AbortSignal): Promise<void> {
    let file = first;
    let offset = from;
    try {
      while (!signal.aborted) {
        // Asked before reading: what is written after this comes with the next round.
        const [isLast, next] = [this.#isEnded, await this.#successor(file)];
        this.#hasNews = false;
        offset = await this.#readOn(file, offset, signal);
        if (next !== undefined) {
          await file.close();
          [file, offset, this.#rest] = [next, 0, Buffer.alloc(0)];
        } else if (isLast) {
          return;
        } else if (!this.#hasNews && !this.#isEnded) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } catch {
      // A log that cannot be read any more gives no more output.
    } finally {
      await file.close();
    }
  }

  /** The file at the path, when the log was rotated and `file` is complete. */
  async #successor(file: FileHandle): Promise<FileHandle | undefined> {
    const there = await stat(this.#path).catch(() => undefined);
    if (there === undefined || there.ino === (await file.stat()).ino) return undefined;
    return open(this.#path, 'r');
  }

  async #readOn(file: FileHandle, from: number, signal: AbortSignal): Promise<number> {
    let offset = from;
    while (!signal.aborted) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
      const bytes = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const whole = bytes.lastIndexOf(newline) + 1;
      this.#rest = bytes.subarray(whole);
      const { stdout, stderr } = textOf(bytes.subarray(0, whole));
      await write(this.stdout, stdout, signal);
      await write(this.stderr, stderr, signal);
    }
    return offset;
  }
}

/** The offset after the last whole record. */
async function endOfRecords(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const start = Math.max(0, size - blockBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  return start + buffer.subarray(0, bytesRead).lastIndexOf(newline) + 1;
}

/** The text of records `<time> stdout|stderr F|P <text>`; after F the line ended. */
function textOf(records: Buffer): { stdout: Buffer; stderr: Buffer } {
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for (let at = 0; at < records.length;) {
    const end = records.indexOf(newline, at);
    const nameAt = records.indexOf(space, at) + 1;
    const tagAt = records.indexOf(space, nameAt) + 1;
    const stream = records.toString('latin1', nameAt, tagAt - 1);
    if (tagAt < end && (stream === 'stdout' || stream === 'stderr')) {
      const isWhole = records[tagAt] === 0x46; // F
      parts[stream].push(records.subarray(tagAt + 2, isWhole ? end + 1 : end));
    }
    at = end + 1;
  }
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) };
}

/** Waits for room, or for the abort. */
function write(stream: PassThrough, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length === 0 || stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    signal.addEventListener('abort', done);
  });
}
