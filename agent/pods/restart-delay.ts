import { backoffMs } from '../../shared/backoff.ts';
import type { ContainerRecord, Termination } from './pod-record.ts';

const backoff = { initialMs: 10_000, maxMs: 300_000 };
const healthyMs = 600_000;

/** Restarts in a row, this one not counted. Running for ten minutes ends a row. */
export function restartStreak(record: ContainerRecord, last: Termination): number {
  return last.finishedAt - last.startedAt >= healthyMs ? 0 : record.restartStreak;
}

/** The back-off before the next start: none for the first restart, then 10 s doubling to 300 s. */
export function restartDelayMs(record: ContainerRecord, last: Termination): number {
  return backoffMs(restartStreak(record, last), backoff);
}

/** How long to wait still. Never longer than the delay itself, wherever the wall clock has jumped. */
export function remainingDelayMs(record: ContainerRecord, last: Termination, now: number): number {
  const delay = restartDelayMs(record, last);
  return Math.max(0, Math.min(delay, last.finishedAt + delay - now));
}
