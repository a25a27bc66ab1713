import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import type { KubeObject, OwnerReference } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject, foregroundFinalizer, orphanFinalizer } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change, ObjectKey } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { withoutOwners } from '../owners.ts';
import { Runner } from '../runner.ts';
import { dependentsOf, keyOfOwner, ownerStatesOf, type Located } from './owner-graph.ts';
import { planCollect } from './plan.ts';

/** Most objects written for one key at once; the rest has its turn after others. */
const maxWrites = 500;
const againMs = 1;

/**
 * Deletes what belongs to owners that are gone, and carries out how a deletion was asked to treat dependents. Keys are
 * `<resource> <namespace>/<name>`.
 */
export class GarbageCollector {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const runner = new Runner('garbage', (text) => this.reconcile(text, (key) => runner.add(key)), this.#deps, scope);
    const apply = (change: Change): void => this.#keysOf(change).forEach((key) => runner.add(writeKey(key)));
    startFollowing(this.#deps, { apply }, scope);
  }

  /** `look` asks for another key to be looked at. */
  async reconcile(text: string, look: (key: string) => void): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const key = readKey(text);
    const { resource, namespace, name } = key;
    const object = store.get(resource, namespace, name);
    if (object === undefined) return undefined;
    const { uid = '' } = object.metadata;
    const located = { key, object };
    const step = planCollect(object, ownerStatesOf(store, located), dependentsOf(store, located));
    switch (step.do) {
      case 'keep':
        return undefined;
      case 'unlink':
        await store.update(resource, withoutOwners(object, step.uids));
        return undefined;
      case 'delete':
        await deleteObject(store, clock, resource, namespace, name, { ...step, uid }).catch(ignoreNotFound);
        return undefined;
      case 'orphanDependents':
        return this.#orphanDependents(key, uid);
      case 'awaitDependents':
        step.live.forEach((each) => look(writeKey(each.key)));
        await this.#updateEach(step.unblock, (each) => withoutBlock(each, uid));
        return undefined;
      case 'finish':
        await this.#removeFinalizer(key, foregroundFinalizer);
        return undefined;
    }
  }

  async #orphanDependents(key: ObjectKey, uid: string): Promise<number | undefined> {
    const dependents = this.#deps.store.dependents(uid);
    await this.#updateEach(dependents, (each) => withoutOwners(each, [uid]));
    if (dependents.length > maxWrites) return againMs;
    await this.#removeFinalizer(key, orphanFinalizer);
    return undefined;
  }

  /** As many as one pass may write. */
  async #updateEach(objects: readonly Located[], change: (object: KubeObject) => KubeObject): Promise<void> {
    const { store } = this.#deps;
    const update = ({ key, object }: Located): Promise<unknown> => store.update(key.resource, change(object));
    await Promise.all(objects.slice(0, maxWrites).map((each) => update(each).catch(ignoreNotFound)));
  }

  async #removeFinalizer({ resource, namespace, name }: ObjectKey, finalizer: string): Promise<void> {
    const change = (object: KubeObject): KubeObject => {
      const finalizers = object.metadata.finalizers?.filter((each) => each !== finalizer);
      return { ...object, metadata: { ...object.metadata, finalizers: finalizers?.length ? finalizers : undefined } };
    };
    await this.#deps.store.modify(resource, namespace, name, change).catch(ignoreNotFound);
  }

  #keysOf({ type, key, object, previous }: Change): ObjectKey[] {
    const { ownerReferences = [], uid = '', finalizers = [], deletionTimestamp } = object.metadata;
    if (type === 'DELETED') {
      return [...this.#deps.store.dependents(uid).map((each) => each.key), ...this.#ownersOf(object)];
    }
    const hasNewOwners = ownerReferences.length > 0 && !hasSameOwners(object, previous);
    const isHeld = finalizers.includes(orphanFinalizer) || finalizers.includes(foregroundFinalizer);
    const keys = hasNewOwners || (deletionTimestamp !== undefined && isHeld) ? [key] : [];
    // An owner that waits for this object as a dependent no longer does when the reference is gone.
    return previous !== undefined && !hasSameOwners(object, previous) ? [...keys, ...this.#ownersOf(previous)] : keys;
  }

  #ownersOf({ metadata }: KubeObject): ObjectKey[] {
    return (metadata.ownerReferences ?? []).flatMap((owner) => keyOfOwner(owner, metadata.namespace ?? '') ?? []);
  }
}

/** `object` with references to the owner with this uid that do not hold that up. */
function withoutBlock(object: KubeObject, uid: string): KubeObject {
  const unblock = (owner: OwnerReference): OwnerReference => ({ ...owner, blockOwnerDeletion: false });
  const owners = object.metadata.ownerReferences?.map((owner) => (owner.uid === uid ? unblock(owner) : owner));
  return { ...object, metadata: { ...object.metadata, ownerReferences: owners } };
}

function hasSameOwners(object: KubeObject, previous: KubeObject | undefined): boolean {
  return isDeepStrictEqual(object.metadata.ownerReferences, previous?.metadata.ownerReferences);
}

function ignoreNotFound(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error;
}

function writeKey({ resource, namespace, name }: ObjectKey): string {
  return `${resource} ${namespace}/${name}`;
}

function readKey(text: string): ObjectKey {
  const [, resource = '', namespace = '', name = ''] = /^(\S+) ([^/]*)\/(.*)$/.exec(text) ?? [];
  return { resource, namespace, name };
}
