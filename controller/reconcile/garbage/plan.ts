import type { KubeObject } from '../../../shared/objects/types.ts';
import { foregroundFinalizer, orphanFinalizer, type DeleteOptions } from '../../store/deletion.ts';

/**
 * What one owner reference leads to. `present` includes owners nobody can look up: what is not known to be gone is
 * there. `waiting`: being deleted, and waiting for its dependents to go first.
 */
export type OwnerState = 'present' | 'absent' | 'waiting';

/** What counts of an object that names another one as its owner. */
export interface Dependent {
  /** It is not being deleted. */
  isLive: boolean;
  /** The owner's deletion waits for it. */
  isBlocking: boolean;
  /** Its own deletion waits for the owner, through others or not. With `isBlocking`, neither would ever go. */
  waitsForOwner: boolean;
}

export type CollectStep<D> =
  /** Nothing, or nothing any more. */
  | { do: 'keep' }
  /** Some owners are left: only the references to the others go. */
  | { do: 'unlink'; uids: string[] }
  | { do: 'delete'; propagationPolicy: NonNullable<DeleteOptions['propagationPolicy']> }
  /** It goes and its dependents stay: their references to it go, then its finalizer. */
  | { do: 'orphanDependents' }
  /** It goes after its dependents: the live ones are to be looked at, and those that wait for it do not block it. */
  | { do: 'awaitDependents'; live: D[]; unblock: D[] }
  /** None blocks it (any more): its finalizer goes. */
  | { do: 'finish' };

/** What to do about one object, seen from its owners and its dependents. */
export function planCollect<D extends Dependent>(
  object: KubeObject,
  ownerStates: ReadonlyMap<string, OwnerState>,
  dependents: readonly D[],
): CollectStep<D> {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphanFinalizer)) return { do: 'orphanDependents' };
    return finalizers.includes(foregroundFinalizer) ? planAwait(dependents) : { do: 'keep' };
  }
  const owners = [...ownerStates];
  const uids = owners.filter(([, state]) => state !== 'present').map(([owner]) => owner);
  if (uids.length === 0) return { do: 'keep' };
  if (uids.length < owners.length) return { do: 'unlink', uids };
  const isAwaited = owners.some(([, state]) => state === 'waiting');
  if (isAwaited && dependents.length > 0) return { do: 'delete', propagationPolicy: 'Foreground' };
  return { do: 'delete', propagationPolicy: policyOf(finalizers) };
}

function planAwait<D extends Dependent>(dependents: readonly D[]): CollectStep<D> {
  const blocking = dependents.filter(({ isBlocking }) => isBlocking);
  if (blocking.length === 0) return { do: 'finish' };
  const live = dependents.filter(({ isLive }) => isLive);
  return { do: 'awaitDependents', live, unblock: blocking.filter(({ waitsForOwner }) => waitsForOwner) };
}

/** What was asked for in advance. */
function policyOf(finalizers: readonly string[]): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}
