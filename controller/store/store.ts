import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { Change, ObjectKey } from './state-store.ts';

export type { Change, ObjectKey } from './state-store.ts';

export interface ListOptions {
  /** '' or absent: all namespaces. */
  namespace?: string;
}

export interface ListResult<T> {
  items: readonly T[];
  /** The store version that this list is true at: a watch from here misses nothing. */
  version: number;
}

export interface WatchOptions {
  resource?: ResourceName;
  namespace?: string;
  /** Only changes above this version. Throws Expired (410) when the ring no longer reaches back to it. */
  from: number;
  signal: AbortSignal;
  /** Most buffered changes before a slow follower is cut off with Expired; default 1,000. */
  maxBuffered?: number;
}

/**
 * The store as everything in the controller uses it: reads from memory, writes through the StateStore, and reads what
 * it wrote. Objects it returns are shared and frozen in meaning: copy before changing (`structuredClone`).
 */
export interface Store {
  /** Version of the newest change in the cache. */
  readonly version: number;
  get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(resource: ResourceName, options?: ListOptions): ListResult<T>;
  /** Objects of any resource that name `ownerUid` in metadata.ownerReferences (indexed). */
  dependents(ownerUid: string): readonly { key: ObjectKey; object: KubeObject }[];
  /**
   * Gives it uid, creationTimestamp and, when it has a spec, generation 1 (what it brings of these counts only if a uid
   * is there). Throws AlreadyExists. Returns the object as stored, with its resourceVersion.
   */
  create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /**
   * Stores `object` if its metadata.resourceVersion is the current one, else throws Conflict; NotFound when it is gone.
   * An update that changes nothing returns the current object and writes nothing. uid and creationTimestamp stay, a
   * changed spec raises the generation, and an object that is being deleted goes away with its last finalizer (except
   * a pod within its grace period, which goes when its node says so, by `remove`).
   */
  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /**
   * Reads, changes a copy, writes; again on Conflict (at most 10 times, then Conflict). `change` returns undefined to
   * leave the object alone. Throws NotFound. For writers that own the fields they change.
   */
  modify<T extends KubeObject>(
    resource: ResourceName,
    namespace: string,
    name: string,
    change: (object: T) => T | undefined,
  ): Promise<T>;
  /**
   * Runs `work`, which reads and writes this object, when no other such work on it runs: many writers that only tried
   * again on Conflict would mostly be in each other's way. `modify` takes a turn, so `work` must not call it.
   */
  inTurn<R>(key: ObjectKey, work: () => Promise<R>): Promise<R>;
  /** Resolves when every write that was begun before is in the cache, or has failed. */
  settled(): Promise<void>;
  /** Removes it for good, whatever finalizers it has; `expected` (a resourceVersion) makes it conditional. Throws NotFound, Conflict. */
  remove(resource: ResourceName, namespace: string, name: string, expected?: string): Promise<KubeObject>;
  /** Committed changes in version order, none missing, none twice. Ends when the signal aborts. */
  watch(options: WatchOptions): AsyncGenerator<Change, void>;
}
