import { backoffMs } from '../../shared/backoff.ts';
import type { LogBatch } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Logger } from '../../shared/log.ts';
import type { ControllerLink } from '../controller-link.ts';
import type { ContainerLog } from './container-log.ts';

interface Deps {
  link: Pick<ControllerLink, 'sendLogs' | 'isConnected'>;
  clock: Clock;
  log: Logger;
  /** Says that this attempt of the container writes no more. */
  isOver: (log: ContainerLog, attempt: number) => boolean;
}

const flushMs = 250;
/** Quiet for so many looks: then the log is left alone until it is woken. */
const idleAfter = 8;
const idleMs = 30_000;
/** Of one request, so that it fits into a message of the bus with all its markup. */
const maxRequestBytes = 256 << 10;
const largeBatchBytes = 32 << 10;

/** Sends new lines of all containers in turn, so that a loud one delays the others by one request at most. */
export class LogShipper {
  readonly #deps: Deps;
  /** Where the next round begins. */
  #cursor = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Sends until the signal aborts. While nobody is there it waits: the files are the buffer. */
  async run(logs: () => readonly ContainerLog[], signal: AbortSignal): Promise<void> {
    const { clock, link, log } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const hasMore = link.isConnected && (await this.#round(logs(), signal));
        failures = 0;
        if (!hasMore) await clock.sleep(flushMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures === 1) log.warn('cannot ship logs yet', { problem: messageOf(error) });
        await clock.sleep(backoffMs(failures, { initialMs: 500, maxMs: 15_000 }), signal);
      }
    }
  }

  /** One request; true when there is more to send at once. */
  async #round(logs: readonly ContainerLog[], signal: AbortSignal): Promise<boolean> {
    const { link, clock, isOver } = this.#deps;
    const now = clock.monotonic();
    const batches: { log: ContainerLog; batch: LogBatch }[] = [];
    let size = 0;
    let looked = 0;
    for (; looked < logs.length && size < maxRequestBytes; looked += 1) {
      const log = logs[(this.#cursor + looked) % logs.length];
      if (log === undefined || log.lookAt > now) continue;
      const batch = await log.fill((attempt) => isOver(log, attempt));
      log.idleLooks = batch === undefined ? log.idleLooks + 1 : 0;
      log.lookAt = batch === undefined ? now + (log.idleLooks < idleAfter ? flushMs : idleMs) : 0;
      if (batch === undefined) continue;
      batches.push({ log, batch });
      size += sizeOf(batch);
    }
    this.#cursor = logs.length === 0 ? 0 : (this.#cursor + looked) % logs.length;
    if (batches.length === 0) return false;
    const sent = batches.map(({ batch }) => batch);
    const next = await link.sendLogs(sent, signal);
    for (const [index, { log, batch }] of batches.entries()) await log.acknowledge(batch, next[index] ?? batch.first);
    return size >= maxRequestBytes || sent.some(isLarge);
  }
}

/** There is probably more where it comes from. */
function isLarge(batch: LogBatch): boolean {
  return batch.lines.length >= 100 || sizeOf(batch) >= largeBatchBytes;
}

function sizeOf({ lines }: LogBatch): number {
  return lines.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 100, 0);
}
