import { randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { rfc3339 } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Event, KubeObject, Namespace, ObjectReference } from '../../shared/objects/types.ts';
import { LruMap } from './lru-map.ts';
import type { Store } from './store.ts';

/** What an event is about: an object, or a reference to one that has at least kind, name and uid. */
export type Involved = KubeObject | ObjectReference;

export type EventType = 'Normal' | 'Warning';

interface Deps {
  store: Store;
  clock: Clock;
  log: Logger;
}

/** One thing that happened to one object, however often. */
interface Occurrence {
  involved: ObjectReference;
  type: EventType;
  reason: string;
  message: string;
  component: string;
  host: string;
}

interface Pending {
  occurrence: Occurrence;
  times: number;
  lastAt: number;
}

const limits = {
  /** Distinct occurrences that wait to be written; more are dropped. */
  pending: 1_000,
  /** Occurrences, and objects, that are remembered. */
  remembered: 4_096,
  /** Events of one object at once, and how fast it may make more: Kubernetes' own numbers. */
  burst: 25,
  refillMs: 300_000,
  messageLength: 1_024,
};

/**
 * Writes Events as users of `kubectl describe` know them. A repetition raises the count of the first Event; an object
 * that makes too many is cut down; none is made in a namespace that is gone or goes, as in Kubernetes: it would outlive
 * it. Recording is fire and forget: it never throws and never waits.
 */
export class EventRecorder {
  readonly #deps: Deps;
  readonly #pending = new Map<string, Pending>();
  /** Occurrence → name of its Event. */
  readonly #names = new LruMap<string, string>(limits.remembered);
  readonly #buckets = new LruMap<string, { tokens: number; at: number }>(limits.remembered);
  #writing: Promise<void> | undefined;
  #lastNameNs = 0n;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  record(involved: Involved, type: EventType, reason: string, message: string, component: string, host = ''): void {
    const reference = referTo(involved);
    if (!this.#takeToken(`${component} ${reference.uid ?? reference.name}`)) return;
    const text = message.slice(0, limits.messageLength);
    const occurrence: Occurrence = { involved: reference, type, reason, message: text, component, host };
    const { uid, name, fieldPath } = reference;
    const key = JSON.stringify([uid, name, fieldPath, type, reason, text, component, host]);
    const pending = this.#pending.get(key);
    const lastAt = this.#deps.clock.now();
    if (pending === undefined && this.#pending.size >= limits.pending) return;
    this.#pending.set(key, { occurrence, times: (pending?.times ?? 0) + 1, lastAt });
    this.#writing ??= this.#write();
  }

  /** Resolves when what was recorded so far is written or given up. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#pending.size > 0) {
      const batch = [...this.#pending];
      this.#pending.clear();
      await Promise.all(batch.map(([key, pending]) => this.#writeOne(key, pending)));
    }
    this.#writing = undefined;
  }

  async #writeOne(key: string, pending: Pending): Promise<void> {
    const namespace = namespaceOf(pending.occurrence);
    try {
      const name = this.#names.get(key);
      if (name !== undefined && (await this.#repeat(namespace, name, pending))) return;
      if (!this.#takesMore(namespace)) return;
      const created = await this.#deps.store.create('events', newEvent(pending, this.#nextName(pending)));
      this.#names.set(key, created.metadata.name);
    } catch (error) {
      this.#deps.log.warn('event not written', { reason: pending.occurrence.reason, namespace, error });
    }
  }

  /** `default` is always there. */
  #takesMore(namespace: string): boolean {
    if (namespace === 'default') return true;
    const found = this.#deps.store.get<KubeObject & Namespace>('namespaces', '', namespace);
    return found !== undefined && found.metadata.deletionTimestamp === undefined;
  }

  /** Sorts by time as Kubernetes' own do, so that what happened within one second is listed in its order. */
  #nextName({ occurrence, lastAt }: Pending): string {
    const now = BigInt(lastAt) * 1_000_000n;
    this.#lastNameNs = (now > this.#lastNameNs ? now : this.#lastNameNs) + BigInt(randomInt(1, 1_000));
    return `${(occurrence.involved.name ?? 'object').slice(0, 230)}.${this.#lastNameNs.toString(16)}`;
  }

  /** False when the Event is gone. */
  async #repeat(namespace: string, name: string, { times, lastAt }: Pending): Promise<boolean> {
    try {
      await this.#deps.store.modify<KubeObject & Event>('events', namespace, name, (event) => ({
        ...event,
        count: (event.count ?? 1) + times,
        lastTimestamp: rfc3339(lastAt),
      }));
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  #takeToken(key: string): boolean {
    const now = this.#deps.clock.monotonic();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: limits.burst, at: now };
    const filled = Math.min(limits.burst, tokens + (now - at) / limits.refillMs);
    const isAllowed = filled >= 1;
    this.#buckets.set(key, { tokens: isAllowed ? filled - 1 : filled, at: now });
    return isAllowed;
  }
}

function referTo(involved: Involved): ObjectReference {
  if (!('metadata' in involved)) return involved;
  const { apiVersion, kind, metadata } = involved;
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, resourceVersion };
}

/** Events of cluster-scoped objects live in `default`. */
function namespaceOf({ involved }: Occurrence): string {
  return involved.namespace === undefined || involved.namespace === '' ? 'default' : involved.namespace;
}

function newEvent({ occurrence, times, lastAt }: Pending, name: string): KubeObject & Event {
  const { involved, type, reason, message, component, host } = occurrence;
  const time = rfc3339(lastAt);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(occurrence) },
    involvedObject: involved,
    type,
    reason,
    message,
    count: times,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component, ...(host !== '' && { host }) },
    reportingComponent: component,
    reportingInstance: host,
  };
}
