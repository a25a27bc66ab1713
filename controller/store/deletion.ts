import type { Clock } from '../../shared/clock.ts';
import { rfc3339 } from '../../shared/clock.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject, Namespace, Pod } from '../../shared/objects/types.ts';
import { hasReason } from '../../shared/errors.ts';
import { hasSpecFinalizers, isFinished } from './object-rules.ts';
import { conflict, notFound } from './store-errors.ts';
import type { ObjectKey } from './state-store.ts';
import type { Store } from './store.ts';

export interface DeleteOptions {
  /** Seconds a pod on a node gets to end; absent: its own terminationGracePeriodSeconds. */
  gracePeriodSeconds?: number;
  /** Absent: Background, or what an earlier deletion of the object said. */
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** Preconditions: throws Conflict when the object has another uid or resourceVersion. */
  uid?: string;
  resourceVersion?: string;
}

export interface Deleted {
  /** As it is now; when removed, as it was last. */
  object: KubeObject;
  /** False: it has its deletionTimestamp and stays until its node or its finalizers let it go. */
  removed: boolean;
}

/** The finalizers by which the garbage collector learns what becomes of the dependents. */
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

const maxTries = 10;
/** Longest grace of a pod, 68 years: the end of a longer one could be in no year that can be written. */
const maxGraceSeconds = 2 ** 31 - 1;

/**
 * Deletes as a user or a controller asks: at once, or by a deletionTimestamp when a node, a finalizer or a dependent
 * has something to do before. Asked again it changes nothing, except that the grace of a pod may become shorter.
 * Throws NotFound and Conflict.
 */
export async function deleteObject(
  store: Store,
  clock: Clock,
  resource: ResourceName,
  namespace: string,
  name: string,
  options: DeleteOptions = {},
): Promise<Deleted> {
  const key = { resource, namespace, name };
  return store.inTurn(key, async () => {
    for (let tries = 1; ; tries += 1) {
      const current = store.get(resource, namespace, name);
      if (current === undefined) throw notFound(key);
      checkPreconditions(key, current, options);
      try {
        return await deleteOnce(store, clock, key, current, options);
      } catch (error) {
        if (tries >= maxTries || !hasReason(error, 'Conflict')) throw error;
      }
    }
  });
}

async function deleteOnce(
  store: Store,
  clock: Clock,
  key: ObjectKey,
  current: KubeObject,
  options: DeleteOptions,
): Promise<Deleted> {
  const { resource, namespace, name } = key;
  const next = markDeleted(resource, current, options, clock.now());
  if (next === undefined) {
    const object = await store.remove(resource, namespace, name, current.metadata.resourceVersion);
    return { object, removed: true };
  }
  const object = await store.update(resource, next);
  return { object, removed: isFinished(resource, object) };
}

/** What a deletion makes of the object, or undefined when nothing holds it. */
export function markDeleted(
  resource: ResourceName,
  current: KubeObject,
  options: DeleteOptions,
  now: number,
): KubeObject | undefined {
  const finalizers = finalizersOf(current, options);
  const graceSeconds = resource === 'pods' ? graceOf(current, options) : 0;
  const isHeld = finalizers.length > 0 || graceSeconds > 0 || (resource === 'namespaces' && hasSpecFinalizers(current));
  if (!isHeld) return undefined;
  const metadata = {
    ...current.metadata,
    deletionTimestamp: rfc3339(startOf(current, now) + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    finalizers: finalizers.length > 0 ? finalizers : undefined,
  };
  if (resource !== 'namespaces') return { ...current, metadata };
  const { status } = current as KubeObject & Namespace;
  return { ...current, metadata, status: { ...status, phase: 'Terminating' } } as KubeObject;
}

/** When the first deletion was asked for: deletionTimestamp is that moment and the grace. */
function startOf({ metadata }: KubeObject, now: number): number {
  if (metadata.deletionTimestamp === undefined) return now;
  return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
}

/** How long a pod may still run. No node runs an unbound or a finished pod. A second deletion can only shorten it. */
function graceOf(current: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const { spec, status, metadata } = current as KubeObject & Pod;
  const isOnNode = (spec?.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
  if (!isOnNode) return 0;
  const asked = gracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
  const wanted = Math.min(Math.max(0, asked), maxGraceSeconds);
  if (metadata.deletionTimestamp === undefined) return wanted;
  const had = metadata.deletionGracePeriodSeconds ?? 0;
  return gracePeriodSeconds === undefined ? had : Math.min(had, wanted);
}

function finalizersOf({ metadata }: KubeObject, { propagationPolicy }: DeleteOptions): string[] {
  const finalizers = [...(metadata.finalizers ?? [])];
  if (propagationPolicy === undefined) return finalizers;
  const others = finalizers.filter((each) => each !== foregroundFinalizer && each !== orphanFinalizer);
  if (propagationPolicy === 'Foreground') return [...others, foregroundFinalizer];
  return propagationPolicy === 'Orphan' ? [...others, orphanFinalizer] : others;
}

export function checkPreconditions(
  key: ObjectKey,
  { metadata }: KubeObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(key, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(key, why);
  }
}
