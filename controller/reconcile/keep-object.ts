import { hasReason } from '../../shared/errors.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';

/**
 * Makes `wanted` where it is missing, and where it differs gives it back the labels and the fields that `wanted` has.
 * What others added to its metadata stays.
 */
export async function keepObject(store: Store, resource: ResourceName, wanted: KubeObject): Promise<void> {
  const { name, namespace = '', labels } = wanted.metadata;
  const { metadata: _, ...fields } = wanted;
  const merge = (current: KubeObject): KubeObject => ({
    ...current,
    ...fields,
    metadata: { ...current.metadata, ...(labels && { labels: { ...current.metadata.labels, ...labels } }) },
  });
  try {
    if (store.get(resource, namespace, name) === undefined) await store.create(resource, wanted);
    else await store.modify(resource, namespace, name, merge);
  } catch (error) {
    // Somebody was faster; that change is looked at in its turn.
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound')) throw error;
  }
}
