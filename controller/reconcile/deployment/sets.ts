import { hasReason, messageOf } from '../../../shared/errors.ts';
import type { LabelSelector } from '../../../shared/objects/types.ts';
import type { EventRecorder } from '../../store/event-recorder.ts';
import type { Store } from '../../store/store.ts';
import { checkSelected } from '../claim.ts';
import { controllerReference } from '../owners.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import type { DeploymentObject } from './deployment.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation, templateHash, templateHashLabel } from './deployment.ts';
import type { RolloutDesired } from './rollout-set.ts';

interface Deps {
  store: Store;
  events: EventRecorder;
}

const resource = 'replicasets.apps';
const component = 'deployment-controller';

/** How a set should be, beyond its template. */
export interface SetSize {
  replicas: number;
  desired: RolloutDesired;
  /** The whole map, for the current set only. */
  annotations?: Record<string, string>;
}

/** The name that the set of the present template has, or will have. */
export function currentName({ metadata, spec, status }: DeploymentObject): string {
  return `${metadata.name}-${templateHash(spec?.template, status?.collisionCount ?? 0)}`;
}

/**
 * Makes the set of the present template. Throws AlreadyExists when its name is taken by something else, Invalid when the
 * selector would release it at once.
 */
export async function createSet(
  { store, events }: Deps,
  deployment: DeploymentObject,
  size: SetSize,
): Promise<ReplicaSetObject> {
  const { spec, metadata, status } = deployment;
  const hash = templateHash(spec?.template, status?.collisionCount ?? 0);
  const labels = { ...spec?.template.metadata?.labels, [templateHashLabel]: hash };
  try {
    checkSelected(spec?.selector, labels);
  } catch (error) {
    const message = `Failed to create new replica set "${currentName(deployment)}": ${messageOf(error)}`;
    events.record(deployment, 'Warning', 'ReplicaSetCreateError', message, component);
    throw error;
  }
  const created = await store.create<ReplicaSetObject>(resource, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: currentName(deployment),
      namespace: metadata.namespace,
      labels,
      annotations: sizedAnnotations(size.annotations, size),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: size.replicas,
      ...(spec?.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: withHash(spec?.selector, hash),
      template: { ...spec?.template, metadata: { ...spec?.template.metadata, labels } },
    },
    status: { replicas: 0 },
  });
  recordScale(events, deployment, created.metadata.name, 0, size.replicas);
  return created;
}

/** Gives a set its size, and the current set what the Deployment hands down. Writes nothing when all of it is so. */
export async function updateSet(
  { store, events }: Deps,
  deployment: DeploymentObject,
  set: ReplicaSetObject,
  size: SetSize,
): Promise<ReplicaSetObject> {
  const before = set.spec?.replicas ?? 1;
  const isActive = before > 0 || size.replicas > 0;
  const annotations = size.annotations ?? set.metadata.annotations ?? {};
  const minReadySeconds = size.annotations === undefined ? set.spec?.minReadySeconds : deployment.spec?.minReadySeconds;
  const updated = await store.update<ReplicaSetObject>(resource, {
    ...set,
    metadata: { ...set.metadata, annotations: isActive ? sizedAnnotations(annotations, size) : annotations },
    spec: { selector: {}, ...set.spec, replicas: size.replicas, minReadySeconds },
  });
  recordScale(events, deployment, set.metadata.name, before, size.replicas);
  return updated;
}

/** Removes a set that belongs to no kept revision. */
export async function removeSet({ store }: Deps, set: ReplicaSetObject): Promise<void> {
  const { namespace = '', name, resourceVersion } = set.metadata;
  try {
    await store.remove(resource, namespace, name, resourceVersion);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

function recordScale(
  events: EventRecorder,
  deployment: DeploymentObject,
  name: string,
  before: number,
  after: number,
): void {
  if (before === after) return;
  const message = `Scaled ${after > before ? 'up' : 'down'} replica set ${name} from ${before} to ${after}`;
  events.record(deployment, 'Normal', 'ScalingReplicaSet', message, component);
}

function sizedAnnotations(
  annotations: Record<string, string> | undefined,
  { desired }: SetSize,
): Record<string, string> {
  return {
    ...annotations,
    [desiredReplicasAnnotation]: String(desired.replicas),
    [maxReplicasAnnotation]: String(desired.replicas + desired.maxSurge),
  };
}

function withHash(selector: LabelSelector | undefined, hash: string): LabelSelector {
  return { ...selector, matchLabels: { ...selector?.matchLabels, [templateHashLabel]: hash } };
}
