import { findKind, resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject, OwnerReference } from '../../../shared/objects/types.ts';
import { foregroundFinalizer } from '../../store/deletion.ts';
import type { ObjectKey, Store } from '../../store/store.ts';
import type { Dependent, OwnerState } from './plan.ts';

/** An object and where it is stored. */
export interface Located {
  key: ObjectKey;
  object: KubeObject;
}

/** Most objects that are looked at to find out whether some wait for each other: chains of real owners are shorter. */
const maxWaiters = 100;

/** Where the owner of an object in `namespace` would be; undefined when nobody could say. */
export function keyOfOwner({ apiVersion, kind, name }: OwnerReference, namespace: string): ObjectKey | undefined {
  const info = findKind(apiVersion, kind);
  if (info === undefined || (info.namespaced && namespace === '')) return undefined;
  return { resource: resourceName(info), namespace: info.namespaced ? namespace : '', name };
}

/** What the references of an object lead to, by uid: one that is there counts more than others with its uid. */
export function ownerStatesOf(store: Store, { key, object }: Located): ReadonlyMap<string, OwnerState> {
  const states = new Map<string, OwnerState>();
  for (const reference of object.metadata.ownerReferences ?? []) {
    if (states.get(reference.uid) === 'present') continue;
    states.set(reference.uid, stateOf(store, reference, key.namespace));
  }
  return states;
}

function stateOf(store: Store, owner: OwnerReference, namespace: string): OwnerState {
  if (keyOfOwner(owner, namespace) === undefined) return 'present';
  const found = findOwner(store, owner, namespace);
  if (found === undefined) return 'absent';
  return isAwaitingDependents(found.object) ? 'waiting' : 'present';
}

/**
 * The objects that name `owner` as theirs, but for itself. A reference blocks only when it leads there: one from another
 * namespace does not.
 */
export function dependentsOf(store: Store, owner: Located): (Located & Dependent)[] {
  const { uid = '' } = owner.object.metadata;
  const waiters = isAwaitingDependents(owner.object) ? findWaiters(store, owner) : new Set<string>();
  return store.dependents(uid).flatMap(({ key, object }) => {
    const { metadata } = object;
    if (metadata.uid === uid) return [];
    const isBlocking = (metadata.ownerReferences ?? []).some((reference) => {
      return reference.uid === uid && blocksOwner(reference) && findOwner(store, reference, key.namespace);
    });
    const waitsForOwner = waiters === undefined ? isAwaitingDependents(object) : waiters.has(metadata.uid ?? '');
    return [{ key, object, isLive: metadata.deletionTimestamp === undefined, isBlocking, waitsForOwner }];
  });
}

/**
 * The uids of all objects whose deletion waits for `start`, through others or not; undefined when they are too many to
 * be counted.
 */
function findWaiters(store: Store, start: Located): ReadonlySet<string> | undefined {
  const waiters = new Set<string>();
  const open = [start];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const reference of next.object.metadata.ownerReferences ?? []) {
      if (!blocksOwner(reference) || waiters.has(reference.uid)) continue;
      const owner = findOwner(store, reference, next.key.namespace);
      if (owner === undefined || !isAwaitingDependents(owner.object)) continue;
      if (waiters.size >= maxWaiters) return undefined;
      waiters.add(reference.uid);
      open.push(owner);
    }
  }
  return waiters;
}

function findOwner(store: Store, owner: OwnerReference, namespace: string): Located | undefined {
  const key = keyOfOwner(owner, namespace);
  const object = key && store.get(key.resource, key.namespace, key.name);
  return key && object?.metadata.uid === owner.uid ? { key, object } : undefined;
}

function blocksOwner({ blockOwnerDeletion }: OwnerReference): boolean {
  return blockOwnerDeletion === true;
}

function isAwaitingDependents({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer);
}
