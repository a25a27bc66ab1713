import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { ObjectKey } from './state-store.ts';

export interface Entry {
  key: ObjectKey;
  object: KubeObject;
}

/** Objects by resource, namespace and name, and by the uid of their owners. Lists come in the order of their names. */
export class ObjectIndex {
  readonly #shelves = new Map<ResourceName, Shelf>();
  readonly #byOwner = new Map<string, Map<KubeObject['metadata']['uid'], Entry>>();

  get({ resource, namespace, name }: ObjectKey): KubeObject | undefined {
    return this.#shelves.get(resource)?.get(namespace, name);
  }

  list(resource: ResourceName, namespace: string): readonly KubeObject[] {
    return this.#shelves.get(resource)?.list(namespace) ?? [];
  }

  dependents(ownerUid: string): readonly Entry[] {
    return [...(this.#byOwner.get(ownerUid)?.values() ?? [])];
  }

  put(key: ObjectKey, object: KubeObject): void {
    this.#disown(this.get(key));
    let shelf = this.#shelves.get(key.resource);
    if (shelf === undefined) this.#shelves.set(key.resource, (shelf = new Shelf()));
    shelf.put(key.namespace, key.name, object);
    for (const owner of ownersOf(object)) {
      let owned = this.#byOwner.get(owner);
      if (owned === undefined) this.#byOwner.set(owner, (owned = new Map()));
      owned.set(object.metadata.uid, { key, object });
    }
  }

  remove(key: ObjectKey): void {
    this.#disown(this.get(key));
    this.#shelves.get(key.resource)?.remove(key.namespace, key.name);
  }

  #disown(object: KubeObject | undefined): void {
    if (object === undefined) return;
    for (const owner of ownersOf(object)) {
      const owned = this.#byOwner.get(owner);
      owned?.delete(object.metadata.uid);
      if (owned?.size === 0) this.#byOwner.delete(owner);
    }
  }
}

function ownersOf(object: KubeObject): string[] {
  return (object.metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/** The objects of one resource. Sorted lists are kept until something changes in them. */
class Shelf {
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  readonly #names = new Map<string, string[]>();
  readonly #lists = new Map<string, readonly KubeObject[]>();

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** '' lists every namespace; cluster-scoped objects have only that one. */
  list(namespace: string): readonly KubeObject[] {
    const kept = this.#lists.get(namespace);
    if (kept !== undefined) return kept;
    const namespaces = namespace === '' ? [...this.#namespaces.keys()].sort() : [namespace];
    const list = Object.freeze(namespaces.flatMap((each) => this.#sorted(each)));
    if (namespace === '' || this.#namespaces.has(namespace)) this.#lists.set(namespace, list);
    return list;
  }

  put(namespace: string, name: string, object: KubeObject): void {
    let objects = this.#namespaces.get(namespace);
    if (objects === undefined) this.#namespaces.set(namespace, (objects = new Map()));
    if (!objects.has(name)) this.#names.delete(namespace);
    objects.set(name, object);
    this.#forget(namespace);
  }

  remove(namespace: string, name: string): void {
    const objects = this.#namespaces.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.#namespaces.delete(namespace);
    this.#names.delete(namespace);
    this.#forget(namespace);
  }

  #sorted(namespace: string): KubeObject[] {
    const objects = this.#namespaces.get(namespace);
    if (objects === undefined) return [];
    let names = this.#names.get(namespace);
    if (names === undefined) this.#names.set(namespace, (names = [...objects.keys()].sort()));
    return names.flatMap((name) => objects.get(name) ?? []);
  }

  #forget(namespace: string): void {
    this.#lists.delete(namespace);
    this.#lists.delete('');
  }
}
