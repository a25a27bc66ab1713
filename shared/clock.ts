import { setTimeout as sleep } from 'node:timers/promises';

/** Time as a dependency, so that a test decides it. */
export interface Clock {
  /** Wall clock in milliseconds since the epoch: to show, never to measure. */
  now(): number;
  /** Milliseconds that only grow: for leases, timeouts and backoff. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's timers count in 32 bits: a longer one ends at once. */
const maxTimerMs = 2 ** 31 - 1;

/** The real time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    let left = ms;
    for (; left > maxTimerMs; left -= maxTimerMs) await sleep(maxTimerMs, undefined, { signal });
    // A time that has come meanwhile is not worth the warning that Node gives.
    await sleep(Math.max(0, left), undefined, { signal });
  },
};

/** RFC 3339 with seconds, as Kubernetes writes `metav1.Time`. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as Kubernetes writes `metav1.MicroTime` (Lease, Event.eventTime). */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
