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
  readonly #namespaces = new Map<string, Namespace>();
  #all: readonly KubeObject[] | undefined;

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace)?.objects.get(name);
  }

  /** '' lists every namespace; cluster-scoped objects have only that one. */
  list(namespace: string): readonly KubeObject[] {
    if (namespace !== '') return this.#listOne(namespace);
    this.#all ??= Object.freeze([...this.#namespaces.keys()].sort().flatMap((each) => this.#listOne(each)));
    return this.#all;
  }

  put(namespace: string, name: string, object: KubeObject): void {
    let place = this.#namespaces.get(namespace);
    if (place === undefined) this.#namespaces.set(namespace, (place = { objects: new Map() }));
    if (!place.objects.has(name)) place.names = undefined;
    place.objects.set(name, object);
    place.list = undefined;
    this.#all = undefined;
  }

  remove(namespace: string, name: string): void {
    const place = this.#namespaces.get(namespace);
    if (place === undefined) return;
    place.objects.delete(name);
    place.names = undefined;
    place.list = undefined;
    this.#all = undefined;
    if (place.objects.size === 0) this.#namespaces.delete(namespace);
  }

  #listOne(namespace: string): readonly KubeObject[] {
    const place = this.#namespaces.get(namespace);
    if (place === undefined) return [];
    const names = (place.names ??= [...place.objects.keys()].sort());
    place.list ??= Object.freeze(names.flatMap((name) => place.objects.get(name) ?? []));
    return place.list;
  }
}

interface Namespace {
  objects: Map<string, KubeObject>;
  /** Sorted; absent when one came or went. */
  names?: string[] | undefined;
  /** In the order of `names`; absent when something changed. */
  list?: readonly KubeObject[] | undefined;
}
