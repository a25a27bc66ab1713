import { ApiError } from '../../../shared/errors.ts';
import { findKind, resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject, OwnerReference } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import { controllerOf } from '../owners.ts';

type Scaled = KubeObject & { spec?: { replicas?: number } };

/**
 * The replicas that the controllers of these pods want together; the Deployment speaks for its ReplicaSets, and pods
 * without a controller count nothing. Throws NotFound for a controller that is gone or has no number of replicas.
 */
export function scaleOfControllers(store: Store, pods: readonly KubeObject[]): number {
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined) continue;
    const top = topController(store, pod, reference);
    scales.set(top.metadata.uid ?? '', top.spec?.replicas ?? 1);
  }
  return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
}

function topController(store: Store, pod: KubeObject, reference: OwnerReference): Scaled {
  const own = findScaled(store, pod, reference);
  if (own === undefined) {
    throw new ApiError('NotFound', `found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
  }
  const above = controllerOf(own);
  const top = above && hasScale(above) ? findScaled(store, own, above) : undefined;
  return top ?? own;
}

/** Throws NotFound for a kind that cannot be scaled. */
function findScaled(store: Store, child: KubeObject, { apiVersion, kind, name, uid }: OwnerReference) {
  const info = findKind(apiVersion, kind);
  if (info === undefined || !info.subresources.includes('scale')) {
    const what = info === undefined ? kind : resourceName(info);
    throw new ApiError('NotFound', `${what} does not implement the scale subresource`);
  }
  const found = store.get<Scaled>(resourceName(info), child.metadata.namespace ?? '', name);
  return found?.metadata.uid === uid ? found : undefined;
}

function hasScale({ apiVersion, kind }: OwnerReference): boolean {
  return findKind(apiVersion, kind)?.subresources.includes('scale') === true;
}
