import { ApiError } from '../../../shared/errors.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { formatLabelSelector, podSelectorOf, requirementsOf } from '../../../shared/objects/selector.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';

/** What Deployments, ReplicaSets, ReplicationControllers and Scales have in common. */
export type Scalable = KubeObject & {
  spec?: { replicas?: number };
  status?: { replicas?: number };
};

/** How patches know a Scale; it is no resource of its own. */
export const scaleInfo: ResourceInfo = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  singular: 'scale',
  namespaced: true,
  shortNames: [],
  categories: [],
  subresources: [],
};

/** The `autoscaling/v1` view of something with replicas. */
export function scaleOf({ kind, metadata, spec, status }: Scalable): Scalable {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const requirements = requirementsOf(podSelectorOf({ kind, spec })) ?? [];
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: formatLabelSelector(requirements) },
  } as Scalable;
}

/** The object with the replicas of a written Scale, and its resourceVersion. Throws Invalid. */
export function withReplicas(object: Scalable, { metadata, spec }: Scalable): Scalable {
  const replicas = spec?.replicas ?? 0;
  if (!Number.isSafeInteger(replicas) || replicas < 0 || replicas > 2_147_483_647) {
    const { name } = object.metadata;
    const why = `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`;
    const causes = [{ reason: 'FieldValueInvalid', message: why, field: 'spec.replicas' }];
    const details = { name, group: 'autoscaling', kind: 'Scale', causes };
    throw new ApiError('Invalid', `Scale.autoscaling "${name}" is invalid: spec.replicas: ${why}`, details);
  }
  const { uid, resourceVersion } = metadata as Partial<Scalable['metadata']>;
  const written = { ...object.metadata, resourceVersion, uid: uid ?? object.metadata.uid };
  return { ...object, metadata: written, spec: { ...object.spec, replicas } };
}
