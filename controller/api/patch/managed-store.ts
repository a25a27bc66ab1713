import type { Clock } from '../../../shared/clock.ts';
import { findResource, type ResourceName } from '../../../shared/objects/resources.ts';
import { findType } from '../../../shared/objects/schema-table.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Change, ListOptions, ListResult, ObjectKey, Store, WatchOptions } from '../../store/store.ts';
import { isEqual, type Json } from './json.ts';
import { trackUpdate, type Write } from './managed-fields.ts';

const types = { find: findType };

type WithStatus = KubeObject & { status?: Json };

/** Throws what a new object is refused for, though a program of the control plane makes it. */
export type AdmitNew = (resource: ResourceName, object: KubeObject) => void;

/**
 * The store as one of the control plane's own programs writes to it: metadata.managedFields names that program as the
 * one that set what it writes, with an entry of its own for the status. Reads are those of the store.
 */
export class ManagedStore implements Store {
  readonly #store: Store;
  readonly #manager: string;
  readonly #clock: Clock;
  readonly #admit: AdmitNew;

  constructor(store: Store, manager: string, clock: Clock, admit: AdmitNew = () => undefined) {
    this.#store = store;
    this.#manager = manager;
    this.#clock = clock;
    this.#admit = admit;
  }

  get version(): number {
    return this.#store.version;
  }

  get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined {
    return this.#store.get<T>(resource, namespace, name);
  }

  list<T extends KubeObject>(resource: ResourceName, options?: ListOptions): ListResult<T> {
    return this.#store.list<T>(resource, options);
  }

  dependents(ownerUid: string): readonly { key: ObjectKey; object: KubeObject }[] {
    return this.#store.dependents(ownerUid);
  }

  async create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    this.#admit(resource, object);
    return this.#store.create(resource, this.#tracked(resource, undefined, object));
  }

  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    return this.#store.update(resource, this.#changed(resource, object));
  }

  modify<T extends KubeObject>(
    resource: ResourceName,
    namespace: string,
    name: string,
    change: (object: T) => T | undefined,
  ): Promise<T> {
    return this.#store.modify<T>(resource, namespace, name, (current) => {
      const next = change(current);
      return next === undefined ? undefined : this.#changed(resource, next);
    });
  }

  inTurn<R>(key: ObjectKey, work: () => Promise<R>): Promise<R> {
    return this.#store.inTurn(key, work);
  }

  settled(): Promise<void> {
    return this.#store.settled();
  }

  remove(resource: ResourceName, namespace: string, name: string, expected?: string): Promise<KubeObject> {
    return this.#store.remove(resource, namespace, name, expected);
  }

  watch(options: WatchOptions): AsyncGenerator<Change, void> {
    return this.#store.watch(options);
  }

  /** As it is when it is not there, or was made of another version: the store refuses it. */
  #changed<T extends KubeObject>(resource: ResourceName, next: T): T {
    const { namespace = '', name, resourceVersion } = next.metadata;
    const current = this.#store.get(resource, namespace, name);
    return current?.metadata.resourceVersion === resourceVersion ? this.#tracked(resource, current, next) : next;
  }

  /** Controllers leave fields undefined, which the store does not keep: these are nobody's. */
  #tracked<T extends KubeObject>(resource: ResourceName, previous: KubeObject | undefined, object: T): T {
    const info = findResource(resource);
    if (info === undefined) return object;
    const next = JSON.parse(JSON.stringify(withoutManagers(object))) as T;
    const write = { info, manager: this.#manager };
    if (!info.subresources.includes('status')) return this.#track(previous, next, write);
    const { status: was } = (previous ?? {}) as Partial<WithStatus>;
    const { status, ...rest } = next as WithStatus;
    const main = this.#track(previous, { ...rest, ...(was !== undefined && { status: was }) } as T, write);
    if (isEqual(was, status)) return main;
    const whole = { ...main, ...(status !== undefined && { status }) };
    return this.#track(main, whole, { ...write, subresource: 'status' });
  }

  #track<T extends KubeObject>(previous: KubeObject | undefined, next: T, write: Write): T {
    return trackUpdate(previous, next, write, types, this.#clock.now());
  }
}

/** Those of the stored object count. */
function withoutManagers<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
