import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { Change, Store } from '../store/store.ts';
import { controllerOf } from './owners.ts';

/** Objects of one resource that nobody controls, by namespace, so that looking for some to adopt costs little. */
export class OrphanIndex<T extends KubeObject> {
  readonly #store: Store;
  readonly #resource: ResourceName;
  readonly #names = new Map<string, Set<string>>();

  constructor(store: Store, resource: ResourceName) {
    this.#store = store;
    this.#resource = resource;
  }

  reset(): void {
    this.#names.clear();
  }

  apply({ type, key, object }: Change): void {
    const names = this.#names.get(key.namespace) ?? new Set<string>();
    if (type !== 'DELETED' && controllerOf(object) === undefined) names.add(key.name);
    else names.delete(key.name);
    if (names.size > 0) this.#names.set(key.namespace, names);
    else this.#names.delete(key.namespace);
  }

  /** As the store has them now. */
  list(namespace: string): T[] {
    const found = [...(this.#names.get(namespace) ?? [])].flatMap((name) => {
      return this.#store.get<T>(this.#resource, namespace, name) ?? [];
    });
    return found.filter((object) => controllerOf(object) === undefined);
  }
}
