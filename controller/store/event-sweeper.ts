import type { Clock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Event, KubeObject } from '../../shared/objects/types.ts';
import type { Store } from './store.ts';

interface Deps {
  store: Store;
  clock: Clock;
  log: Logger;
}

interface Limits {
  maxAgeMs: number;
  maxEvents: number;
}

const defaults: Limits = { maxAgeMs: 3_600_000, maxEvents: 10_000 };
const periodMs = 60_000;

/** Removes Events that nobody repeated for an hour, and the oldest of more than 10,000, once a minute until aborted. */
export async function keepEventsSwept(deps: Deps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sweepEvents(deps);
    } catch (error) {
      deps.log.warn('events not swept', { error });
    }
    await deps.clock.sleep(periodMs, signal);
  }
}

/** One sweep; resolves with how many Events it removed. */
export async function sweepEvents({ store, clock }: Omit<Deps, 'log'>, limits: Limits = defaults): Promise<number> {
  const { items } = store.list<KubeObject & Event>('events');
  const newestFirst = items.map((event) => ({ event, at: lastSeen(event) })).sort((a, b) => b.at - a.at);
  const oldest = clock.now() - limits.maxAgeMs;
  const removed = newestFirst.filter(({ at }, place) => place >= limits.maxEvents || at < oldest);
  await Promise.all(removed.map(({ event }) => removeUnchanged(store, event)));
  return removed.length;
}

/** An Event that is repeated or removed meanwhile is left alone. */
async function removeUnchanged(store: Store, { metadata }: KubeObject): Promise<void> {
  const { namespace = '', name, resourceVersion } = metadata;
  try {
    await store.remove('events', namespace, name, resourceVersion);
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}

function lastSeen({ lastTimestamp, eventTime, metadata }: KubeObject & Event): number {
  const at = Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');
  return Number.isNaN(at) ? 0 : at;
}
