import type { Store } from '../../controller/store/store.ts';

/** `store`, except for what `overrides` does in another way. */
export function delegateTo(store: Store, overrides: Partial<Store>): Store {
  return {
    get version() {
      return store.version;
    },
    get: store.get.bind(store),
    list: store.list.bind(store),
    dependents: store.dependents.bind(store),
    watch: store.watch.bind(store),
    create: store.create.bind(store),
    update: store.update.bind(store),
    modify: store.modify.bind(store),
    inTurn: store.inTurn.bind(store),
    settled: store.settled.bind(store),
    remove: store.remove.bind(store),
    ...overrides,
  };
}
