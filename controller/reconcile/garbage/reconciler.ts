import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import { findKind, resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject, OwnerReference } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject, foregroundFinalizer, orphanFinalizer } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change, ObjectKey } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { withoutOwner } from '../owners.ts';
import { Runner } from '../runner.ts';
import { planCollect } from './plan.ts';
import type { OwnerState } from './plan.ts';

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
  async reconcile(text: string, look: (key: string) => void): Promise<undefined> {
    const { store, clock } = this.#deps;
    const key = readKey(text);
    const { resource, namespace, name } = key;
    const object = store.get(resource, namespace, name);
    if (object === undefined) return;
    const { uid = '', ownerReferences = [] } = object.metadata;
    const dependents = store.dependents(uid);
    const states = new Map(ownerReferences.map((owner) => [owner.uid, this.#stateOf(owner, namespace)]));
    const step = planCollect(
      object,
      states,
      dependents.map((each) => each.object),
    );
    switch (step.do) {
      case 'keep':
        return;
      case 'unlink':
        await store.update(resource, step.uids.reduce(withoutOwner, object));
        return;
      case 'delete':
        await deleteObject(store, clock, resource, namespace, name, { ...step, uid }).catch(ignoreNotFound);
        return;
      case 'orphanDependents':
        await Promise.all(dependents.map((each) => store.update(each.key.resource, withoutOwner(each.object, uid))));
        await this.#removeFinalizer(key, orphanFinalizer);
        return;
      case 'awaitDependents':
        if (step.isDone) await this.#removeFinalizer(key, foregroundFinalizer);
        else dependents.forEach((each) => look(writeKey(each.key)));
    }
  }

  #stateOf(owner: OwnerReference, namespace: string): OwnerState {
    const info = findKind(owner.apiVersion, owner.kind);
    if (info === undefined || (info.namespaced && namespace === '')) return 'present';
    const found = this.#deps.store.get(resourceName(info), info.namespaced ? namespace : '', owner.name);
    if (found === undefined || found.metadata.uid !== owner.uid) return 'absent';
    return isAwaitingDependents(found) ? 'waiting' : 'present';
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
    return (metadata.ownerReferences ?? []).flatMap(({ apiVersion, kind, name }) => {
      const info = findKind(apiVersion, kind);
      if (info === undefined) return [];
      return { resource: resourceName(info), namespace: info.namespaced ? (metadata.namespace ?? '') : '', name };
    });
  }
}

function isAwaitingDependents({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer);
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
