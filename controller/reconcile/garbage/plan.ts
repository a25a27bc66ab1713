import type { KubeObject } from '../../../shared/objects/types.ts';
import { foregroundFinalizer, orphanFinalizer } from '../../store/deletion.ts';

/**
 * What one owner reference leads to. `present` includes owners nobody can look up: what is not known to be gone is
 * there. `waiting`: being deleted, and waiting for its dependents to go first.
 */
export type OwnerState = 'present' | 'absent' | 'waiting';

export type CollectStep =
  /** Nothing, or nothing any more. */
  | { do: 'keep' }
  /** Some owners are left: only the references to the others go. */
  | { do: 'unlink'; uids: string[] }
  | { do: 'delete'; propagationPolicy: 'Background' | 'Foreground' }
  /** It goes and its dependents stay: their references to it go, then its finalizer. */
  | { do: 'orphanDependents' }
  /** It goes after its dependents: they are to be looked at, and its finalizer goes when none blocks any more. */
  | { do: 'awaitDependents'; isDone: boolean };

/** What to do about one object, seen from its owners and its dependents. */
export function planCollect(
  object: KubeObject,
  ownerStates: ReadonlyMap<string, OwnerState>,
  dependents: readonly KubeObject[],
): CollectStep {
  const { deletionTimestamp, finalizers = [], uid } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphanFinalizer)) return { do: 'orphanDependents' };
    if (!finalizers.includes(foregroundFinalizer)) return { do: 'keep' };
    return { do: 'awaitDependents', isDone: !dependents.some((dependent) => isBlocking(dependent, uid)) };
  }
  const owners = [...ownerStates];
  const uids = owners.filter(([, state]) => state !== 'present').map(([owner]) => owner);
  if (uids.length === 0) return { do: 'keep' };
  if (uids.length < owners.length) return { do: 'unlink', uids };
  const isAwaited = owners.some(([, state]) => state === 'waiting');
  return { do: 'delete', propagationPolicy: isAwaited && dependents.length > 0 ? 'Foreground' : 'Background' };
}

function isBlocking({ metadata }: KubeObject, ownerUid: string | undefined): boolean {
  return (metadata.ownerReferences ?? []).some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion);
}
