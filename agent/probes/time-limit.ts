import type { Clock } from '../../shared/clock.ts';

/** Thrown into work that took longer than it may. */
export class TimeLimitError extends Error {
  constructor(ms: number) {
    super(`no answer within ${String(ms / 1000)}s`);
    this.name = 'TimeLimitError';
  }
}

/** Runs `work` with a signal that aborts after `ms`, or with the given one; leaves nothing behind on either. */
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
  void clock.sleep(ms, timer.signal).then(
    () => limit.abort(new TimeLimitError(ms)),
    () => undefined,
  );
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
