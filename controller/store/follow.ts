import { resources, resourceName } from '../../shared/objects/resources.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';
import type { Change, Store } from './store.ts';

/** Who wants to hear of changes. Nothing here may wait: it marks keys and keeps indexes. */
export interface Follower {
  /** The resources it follows; absent: all. */
  resources?: readonly ResourceName[];
  /** Before everything that exists is shown (again): forget what was kept. */
  reset?(): void;
  apply(change: Change): void;
}

/**
 * Shows a follower everything that exists, as ADDED, and then each change. When the watch was cut off, it starts over,
 * so a lost change costs time but is never missed. Ends when the signal aborts.
 */
export async function follow(store: Store, follower: Follower, signal: AbortSignal): Promise<void> {
  const wanted = new Set(follower.resources ?? resources.map(resourceName));
  while (!signal.aborted) {
    const from = store.version;
    follower.reset?.();
    for (const resource of wanted) showAll(store, resource, follower);
    try {
      for await (const change of store.watch({ from, signal, maxBuffered: 10_000 })) {
        if (wanted.has(change.key.resource)) follower.apply(change);
      }
    } catch (error) {
      if (!hasReason(error, 'Expired')) throw error;
    }
  }
}

/**
 * Follows until `scope` closes. An object that its follower cannot digest is logged and passed over: it must not keep
 * the follower from all others.
 */
export function startFollowing(deps: { store: Store; log: Logger }, follower: Follower, scope: Scope): void {
  const { store, log } = deps;
  const apply = (change: Change): void => {
    try {
      follower.apply(change);
    } catch (error) {
      log.error('change passed over', { follower: scope.name, key: change.key, error });
    }
  };
  const { resources: followed } = follower;
  const careful = { resources: followed, reset: () => follower.reset?.(), apply };
  scope.spawn(
    (signal) => follow(store, careful, signal),
    (error) => log.error('changes are not followed any more', { follower: scope.name, error }),
  );
}

function showAll(store: Store, resource: ResourceName, follower: Follower): void {
  const { items, version } = store.list(resource);
  for (const object of items) {
    const key = { resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    follower.apply({ type: 'ADDED', key, object, version });
  }
}
