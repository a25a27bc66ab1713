import type { Store } from '../store/store.ts';
import type { PodObject } from './pod-state.ts';

/** The pods that name this uid as an owner. */
export function podsOwnedBy(store: Store, uid: string): PodObject[] {
  return store
    .dependents(uid)
    .filter(({ key }) => key.resource === 'pods')
    .map(({ object }) => object as PodObject);
}
