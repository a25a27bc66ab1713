import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { rfc3339 } from '../../shared/clock.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';

type Metadata = KubeObject['metadata'];

/** What a new object gets. One that brings a uid has been completed already, or is being restored: it keeps what it brings. */
export function prepareCreate<T extends KubeObject>(object: T, now: number): T {
  const { resourceVersion: _, ...brought } = object.metadata;
  const { uid, creationTimestamp = rfc3339(now), generation } = brought;
  if (uid !== undefined && uid !== '') {
    return { ...object, metadata: { ...brought, creationTimestamp, ...generationOf(object, generation ?? 1) } };
  }
  const {
    deletionTimestamp: _time,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    ...metadata
  } = brought;
  const fresh = { uid: randomUUID(), creationTimestamp: rfc3339(now), ...generationOf(object, 1) };
  return { ...object, metadata: { ...metadata, ...fresh } };
}

/** What an update keeps of the object it replaces, and the generation of its spec. Carries the current resourceVersion. */
export function prepareUpdate<T extends KubeObject>(current: KubeObject, object: T): T {
  const { uid, creationTimestamp, resourceVersion, generation = 0 } = current.metadata;
  const { generation: _, ...metadata } = object.metadata;
  const isSameSpec = isDeepStrictEqual(specOf(object), specOf(current));
  const kept = {
    uid,
    creationTimestamp,
    resourceVersion,
    ...generationOf(object, isSameSpec ? generation : generation + 1),
    ...deletionOf(current.metadata, metadata),
  };
  return { ...object, metadata: { ...metadata, ...kept } };
}

/** Whether nothing holds an object that is being deleted any more. */
export function isFinished(resource: ResourceName, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) return false;
  if (resource === 'pods') return deletionGracePeriodSeconds === 0;
  return resource !== 'namespaces' || !hasSpecFinalizers(object);
}

/** A namespace stays until its controller has emptied it and taken `kubernetes` out of spec.finalizers. */
export function hasSpecFinalizers(object: KubeObject): boolean {
  const spec = specOf(object) as { finalizers?: readonly string[] } | undefined;
  return (spec?.finalizers?.length ?? 0) > 0;
}

function generationOf(object: KubeObject, generation: number): { generation?: number } {
  return specOf(object) === undefined ? {} : { generation };
}

/** A deletion is never taken back, and its grace is only ever shortened. */
function deletionOf(current: Metadata, next: Metadata): Partial<Metadata> {
  const { deletionTimestamp, deletionGracePeriodSeconds } = current;
  if (deletionTimestamp === undefined) return {};
  const isShorter =
    next.deletionTimestamp !== undefined &&
    next.deletionGracePeriodSeconds !== undefined &&
    next.deletionGracePeriodSeconds < (deletionGracePeriodSeconds ?? 0);
  if (isShorter) return {};
  return { deletionTimestamp, ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }) };
}

function specOf(object: KubeObject): unknown {
  return (object as KubeObject & { spec?: unknown }).spec;
}
