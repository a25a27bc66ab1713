import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.ts';

/** From input that is there to the answer that is made of it: an accepted connection, what is written to it, what is read. */
const turnsToRead = 4;

/** Thrown into work that took longer than it may. */
export class TimeLimitError extends Error {
  constructor(ms: number) {
    super(`no answer within ${String(ms / 1000)}s`);
    this.name = 'TimeLimitError';
  }
}

/**
 * Runs `work` with a signal that aborts after `ms`, or with the given one; leaves nothing behind on either. An answer that
 * came in time counts, also when this process was too busy to read it: timers come before input in a turn of its loop.
 */
export async function withTimeLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const limit = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => limit.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  void clock
    .sleep(ms, timer.signal)
    .then(async () => {
      for (let turn = 0; turn < turnsToRead; turn += 1) await nextTurn();
      limit.abort(new TimeLimitError(ms));
    })
    .catch(() => undefined);
  try {
    return await work(limit.signal);
  } catch (error) {
    if (limit.signal.reason instanceof TimeLimitError) throw limit.signal.reason;
    throw error;
  } finally {
    timer.abort();
    signal.removeEventListener('abort', onAbort);
  }
}
