import { Counter, type Registry } from 'prom-client';
import { backoffMs } from '../../../shared/backoff.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { messageOf } from '../../../shared/errors.ts';
import { orAbort } from '../../../shared/or-abort.ts';
import type { AuditSink } from './audit-log.ts';

/** Where the lines end up. */
export interface AuditOutput {
  /** Appends whole lines. After a rejection the same lines may come again. */
  append(lines: string): Promise<void>;
  close(): Promise<void>;
}

export interface AuditWriterDeps {
  output: AuditOutput;
  clock: Clock;
  log: Logger;
  registry: Registry;
  /** So much may wait; 8 MiB unless given. */
  bufferBytes?: number;
  /** So much is written at a time; 64 KiB unless given. */
  batchBytes?: number;
}

const defaultBufferBytes = 8 * 1024 ** 2;
const defaultBatchBytes = 64 * 1024;
const retry = { initialMs: 100, maxMs: 2_000 };
/** How long a close waits for an output that does not take the rest. */
const flushMs = 3_000;

/**
 * Writes lines in the background, so that no request waits for a disk. Lines that an output does not take are tried again;
 * when too many wait, newer ones are dropped and counted, and a line stands for them where they are missing.
 */
export class AuditWriter implements AuditSink {
  readonly #deps: AuditWriterDeps;
  readonly #bufferBytes: number;
  readonly #batchBytes: number;
  readonly #lost: Counter;
  readonly #closing = new AbortController();
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Dropped, and no line says so yet. */
  #dropped = 0;
  #draining: Promise<void> | undefined;

  constructor(deps: AuditWriterDeps) {
    this.#deps = deps;
    this.#bufferBytes = deps.bufferBytes ?? defaultBufferBytes;
    this.#batchBytes = deps.batchBytes ?? defaultBatchBytes;
    this.#lost = new Counter({
      name: 'berth_audit_dropped_total',
      help: 'Lines of the audit log that were not written, since it could not be written as fast as they came.',
      registers: [deps.registry],
    });
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#closing.signal.aborted || this.#waitingBytes + bytes > this.#bufferBytes) {
      this.#drop(1);
      return;
    }
    this.#markDropped();
    this.#push(line, bytes);
    this.#draining ??= this.#drain();
  }

  /** Writes what waits, for three seconds at most; what is left then counts as dropped. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new Error('the audit log closes'));
    await orAbort(this.#end(), AbortSignal.timeout(flushMs)).catch((error: unknown) => {
      this.#deps.log.error('cannot finish the audit log', { error: messageOf(error) });
    });
    this.#drop(this.#waiting.length);
    if (this.#dropped > 0) this.#deps.log.error('lines of the audit log are lost', { lines: this.#dropped });
  }

  async #end(): Promise<void> {
    await this.#draining;
    await this.#deps.output.close();
  }

  #push(line: string, bytes: number): void {
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#lost.inc(count);
  }

  #markDropped(): void {
    if (this.#dropped === 0) return;
    const time = new Date(this.#deps.clock.now()).toISOString();
    const mark = `${JSON.stringify({ kind: 'DroppedEvents', dropped: this.#dropped, stageTimestamp: time })}\n`;
    this.#dropped = 0;
    this.#push(mark, Buffer.byteLength(mark));
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // so that a burst of lines is written at once
    for (let failures = 0; ;) {
      if (this.#waiting.length === 0) this.#markDropped();
      const count = this.#countBatch();
      if (count === 0) break;
      const lines = this.#waiting.slice(0, count).join('');
      try {
        await this.#deps.output.append(lines);
      } catch (error) {
        if (failures === 0) this.#deps.log.error('cannot write the audit log', { error: messageOf(error) });
        failures += 1;
        if (this.#closing.signal.aborted) break;
        await this.#deps.clock.sleep(backoffMs(failures, retry), this.#closing.signal).catch(() => undefined);
        continue;
      }
      failures = 0;
      this.#waiting.splice(0, count);
      this.#waitingBytes -= Buffer.byteLength(lines);
    }
    this.#draining = undefined;
  }

  /** How many of the lines that wait are written next: at least one if there are any. */
  #countBatch(): number {
    let [count, bytes] = [0, 0];
    for (const line of this.#waiting) {
      bytes += Buffer.byteLength(line);
      if (count > 0 && bytes > this.#batchBytes) break;
      count += 1;
    }
    return count;
  }
}
