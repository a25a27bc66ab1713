import type { KubeObject } from '../../shared/objects/types.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';

/** Names one object for ever; `namespace` is '' for cluster-scoped resources. */
export interface ObjectKey {
  resource: ResourceName;
  namespace: string;
  name: string;
}

/** A committed change. `version` is the store-wide number the object carries as metadata.resourceVersion. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: ObjectKey;
  /** DELETED: the last object, with the deletion's version. Never mutate it: caches and watchers share it. */
  object: KubeObject;
  /** The object before a MODIFIED, for selector transitions. */
  previous?: KubeObject;
  version: number;
}

/**
 * Where state lives: durable, compare-and-set, one growing version for the whole store. Drivers: SQLite, later JetStream.
 * A resolved write is on disk. Objects are plain JSON; the store alone sets metadata.resourceVersion.
 * Writes are committed in the order in which they were begun, and one that fails leaves nothing (ServiceUnavailable).
 */
export interface StateStore {
  /** Everything there is, and the version it is true at. Called once, before any write. */
  load(): Promise<{ objects: { key: ObjectKey; object: KubeObject }[]; version: number }>;
  /**
   * The last changes, also those that an earlier process made, oldest first and without a gap above `floor`. At least
   * 10,000, unless they are large. A Secret is in all of its changes as it is now, or without content when it is gone.
   */
  changes(): Promise<{ changes: Change[]; floor: number }>;
  /** Throws AlreadyExists. Resolves with the new version. */
  create(key: ObjectKey, object: KubeObject): Promise<number>;
  /** Replaces the object that has `expected` as its version; throws Conflict or NotFound. */
  update(key: ObjectKey, object: KubeObject, expected: number): Promise<number>;
  /** Removes the object that has `expected` as its version; throws Conflict or NotFound. Resolves with the deletion's version. */
  delete(key: ObjectKey, expected: number): Promise<number>;
  /** Waits for what was begun and releases the file. A second close does nothing. */
  close(): Promise<void>;
}
