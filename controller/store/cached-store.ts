import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../shared/objects/types.ts';
import { ChangeRing } from './change-ring.ts';
import type { RingLimits } from './change-ring.ts';
import { ObjectIndex } from './object-index.ts';
import { isFinished, prepareCreate, prepareUpdate } from './object-rules.ts';
import { PastChanges } from './past-changes.ts';
import type { Change, ObjectKey, StateStore } from './state-store.ts';
import { SharedFields } from './shared-fields.ts';
import { conflict, notFound } from './store-errors.ts';
import type { ListOptions, ListResult, Store, WatchOptions } from './store.ts';
import { Turns } from './turns.ts';

/** Loads all of `state` and serves it. It is the only writer of `state` from then on; closing `state` stays with the caller. */
export async function openStore(state: StateStore, clock: Clock, limits?: RingLimits): Promise<Store> {
  const { objects, version } = await state.load();
  const index = new ObjectIndex();
  const fields = new SharedFields();
  for (const { key, object } of objects)
    index.put(key, freeze(withEntries(object, fields.share(object.metadata.managedFields ?? []))));
  return new CachedStore(state, clock, index, new ChangeRing(version, limits), fields);
}

const maxObjectBytes = 1.5 * 1024 * 1024;
/** What an object may have above that while it is deleted: what says so must find room in a full one, or it stays. */
const deletionBytes = 64 * 1024;
const maxTries = 10;

/**
 * A write is checked against the cache, committed by the StateStore, and put into the cache in the order in which
 * writes were begun, which is the order of their versions. Only then does it resolve.
 */
class CachedStore implements Store {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #index: ObjectIndex;
  readonly #ring: ChangeRing;
  readonly #fields: SharedFields;
  readonly #past: PastChanges;
  readonly #turns = new Turns();
  /** Settles when everything begun so far is in the cache. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(state: StateStore, clock: Clock, index: ObjectIndex, ring: ChangeRing, fields: SharedFields) {
    this.#state = state;
    this.#clock = clock;
    this.#index = index;
    this.#ring = ring;
    this.#fields = fields;
    this.#past = new PastChanges(state);
  }

  get version(): number {
    return this.#ring.version;
  }

  get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined {
    return this.#index.get({ resource, namespace, name }) as T | undefined;
  }

  list<T extends KubeObject>(resource: ResourceName, options: ListOptions = {}): ListResult<T> {
    const items = this.#index.list(resource, options.namespace ?? '');
    return { items: items as readonly T[], version: this.version };
  }

  dependents(ownerUid: string): readonly { key: ObjectKey; object: KubeObject }[] {
    return this.#index.dependents(ownerUid);
  }

  async create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const key = keyOf(resource, object);
    const { copy, bytes } = this.#toJson(key, object);
    const fresh = prepareCreate(copy, this.#clock.now());
    return this.#commit(key, 'ADDED', fresh, bytes, () => this.#state.create(key, fresh)) as Promise<T>;
  }

  async update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const key = keyOf(resource, object);
    const { copy, bytes } = this.#toJson(key, object);
    const current = this.#mustHave(key);
    const { resourceVersion } = current.metadata;
    if (copy.metadata.resourceVersion !== resourceVersion) throw conflict(key);
    const next = prepareUpdate(current, copy);
    if (isDeepStrictEqual(next, current)) return current as T;
    const expected = Number(resourceVersion);
    if (isFinished(resource, next)) {
      return this.#commit(key, 'DELETED', next, bytes, () => this.#state.delete(key, expected)) as Promise<T>;
    }
    return this.#commit(key, 'MODIFIED', next, bytes, () => this.#state.update(key, next, expected)) as Promise<T>;
  }

  async modify<T extends KubeObject>(
    resource: ResourceName,
    namespace: string,
    name: string,
    change: (object: T) => T | undefined,
  ): Promise<T> {
    const key = { resource, namespace, name };
    const once = (): Promise<T> => {
      const current = this.#mustHave(key) as T;
      const changed = change(copyOf(current));
      return changed === undefined ? Promise.resolve(current) : this.update(resource, changed);
    };
    return this.inTurn(key, () => this.#retry(once));
  }

  inTurn<R>(key: ObjectKey, work: () => Promise<R>): Promise<R> {
    return this.#turns.take(key, work);
  }

  async settled(): Promise<void> {
    await this.#tail;
  }

  async remove(resource: ResourceName, namespace: string, name: string, expected?: string): Promise<KubeObject> {
    const key = { resource, namespace, name };
    const once = (): Promise<KubeObject> => {
      const current = this.#mustHave(key);
      const { resourceVersion } = current.metadata;
      if (expected !== undefined && expected !== resourceVersion) throw conflict(key);
      const bytes = JSON.stringify(current).length;
      return this.#commit(key, 'DELETED', current, bytes, () => this.#state.delete(key, Number(resourceVersion)));
    };
    return expected === undefined ? this.#retry(once) : once();
  }

  async *watch(options: WatchOptions): AsyncGenerator<Change, void> {
    const { signal } = options;
    let { from } = options;
    // Changes that fall out of the memory meanwhile are in the StateStore too.
    while (from < this.#ring.floor && !signal.aborted) {
      const { floor } = this.#ring;
      yield* this.#past.between({ ...options, from }, floor);
      from = floor;
    }
    yield* this.#ring.watch({ ...options, from });
  }

  /** A copy in plain JSON, without what the caller still holds and without undefined fields; what is frozen stays. */
  #toJson<T extends KubeObject>(key: ObjectKey, object: T): { copy: T; bytes: number } {
    const { managedFields = [], ...metadata } = object.metadata;
    const entries = this.#fields.share(managedFields);
    let bytes = 0;
    const copies = Object.entries({ ...object, metadata }).flatMap(([name, part]: [string, unknown]) => {
      const text = JSON.stringify(part) as string | undefined;
      if (text === undefined) return [];
      bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
      return [[name, Object.isFrozen(part) ? part : JSON.parse(text)]];
    });
    if (entries.length > 0) bytes += Buffer.byteLength(JSON.stringify(entries));
    const most = maxObjectBytes + (metadata.deletionTimestamp === undefined ? 0 : deletionBytes);
    if (bytes > most) {
      const message = `${key.resource} "${key.name}" is ${bytes} bytes; at most ${most} are kept`;
      throw new ApiError('RequestEntityTooLarge', message);
    }
    return { copy: withEntries(Object.fromEntries(copies) as T, entries), bytes };
  }

  #mustHave(key: ObjectKey): KubeObject {
    const current = this.#index.get(key);
    if (current === undefined) throw notFound(key);
    return current;
  }

  /** Again on Conflict: what was in the way is in the cache by then. */
  async #retry<R>(attempt: () => Promise<R>): Promise<R> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (tries >= maxTries || !hasReason(error, 'Conflict')) throw error;
      }
    }
  }

  async #commit(
    key: ObjectKey,
    type: Change['type'],
    object: KubeObject,
    bytes: number,
    write: () => Promise<number>,
  ): Promise<KubeObject> {
    const before = this.#tail;
    const written = write();
    const applied = (async () => {
      const outcome = await written.then(
        (version) => ({ version }),
        (error: unknown) => ({ error }),
      );
      await before;
      if ('error' in outcome) throw outcome.error;
      return this.#apply(key, type, object, outcome.version, bytes);
    })();
    this.#tail = applied.catch(() => undefined);
    return applied;
  }

  #apply(key: ObjectKey, type: Change['type'], object: KubeObject, version: number, bytes: number): KubeObject {
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const stored = freeze({ ...object, metadata });
    const previous = this.#index.get(key);
    if (type === 'DELETED') this.#index.remove(key);
    else this.#index.put(key, stored);
    this.#ring.push({ type, key, object: stored, version, ...(type === 'MODIFIED' && { previous }) }, bytes);
    return stored;
  }
}

function keyOf(resource: ResourceName, { metadata }: KubeObject): ObjectKey {
  return { resource, namespace: metadata.namespace ?? '', name: metadata.name };
}

/** To be changed, except for the entries of managedFields: these are made anew or kept. */
function copyOf<T extends KubeObject>(object: T): T {
  const { managedFields = [], ...metadata } = object.metadata;
  return withEntries(structuredClone({ ...object, metadata }), managedFields);
}

function withEntries<T extends KubeObject>(object: T, managedFields: ManagedFieldsEntry[]): T {
  return managedFields.length === 0 ? object : { ...object, metadata: { ...object.metadata, managedFields } };
}

/** Shared by the cache, watchers and every reader: a write to it throws where it is made. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key of Object.keys(value)) freeze((value as Record<string, unknown>)[key]);
  return Object.freeze(value);
}
