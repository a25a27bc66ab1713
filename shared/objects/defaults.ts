import { copyPlain } from './copy-plain.ts';
import { defaultCronJob, defaultJob, identifyJob } from './defaults/batch.ts';
import { defaultPod, withoutAdmitted } from './defaults/pod.ts';
import { defaultAutoscaler, defaultBinding, defaultLimitRange, defaultPriorityClass } from './defaults/policy.ts';
import {
  defaultEndpoints,
  defaultEndpointSlice,
  defaultIngressClass,
  defaultNetworkPolicy,
  defaultService,
} from './defaults/service.ts';
import { defaultNode } from './extended-resources.ts';
import { settleService } from './defaults/service-change.ts';
import { withStatusFields } from './defaults/status.ts';
import { defaultClaim, defaultStorageClass, defaultVolumeObject } from './defaults/storage.ts';
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultPodTemplate,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './defaults/workload.ts';
import { resourceName, type ResourceInfo, type ResourceName } from './resources.ts';
import type { KubeObject, Namespace, Pod, Secret } from './types.ts';

/** Changes an object in place. Called twice, it changes nothing the second time. */
type Defaulter = (object: never) => void;

const defaulters: Readonly<Record<ResourceName, Defaulter>> = {
  namespaces: defaultNamespace,
  nodes: defaultNode,
  pods: defaultPod,
  podtemplates: defaultPodTemplate,
  secrets: defaultSecret,
  services: defaultService,
  endpoints: defaultEndpoints,
  persistentvolumes: defaultVolumeObject,
  persistentvolumeclaims: defaultClaim,
  replicationcontrollers: defaultReplicationController,
  limitranges: defaultLimitRange,
  'deployments.apps': defaultDeployment,
  'replicasets.apps': defaultReplicaSet,
  'statefulsets.apps': defaultStatefulSet,
  'daemonsets.apps': defaultDaemonSet,
  'jobs.batch': defaultJob,
  'cronjobs.batch': defaultCronJob,
  'horizontalpodautoscalers.autoscaling': defaultAutoscaler,
  'ingressclasses.networking.k8s.io': defaultIngressClass,
  'networkpolicies.networking.k8s.io': defaultNetworkPolicy,
  'endpointslices.discovery.k8s.io': defaultEndpointSlice,
  'priorityclasses.scheduling.k8s.io': defaultPriorityClass,
  'storageclasses.storage.k8s.io': defaultStorageClass,
  'rolebindings.rbac.authorization.k8s.io': defaultBinding,
  'clusterrolebindings.rbac.authorization.k8s.io': defaultBinding,
};

/** What only a new object gets, and only with its uid. */
const identifiers: Readonly<Record<ResourceName, Defaulter>> = { 'jobs.batch': identifyJob };

/** Kinds whose own fields alone are filled in or replaced, never what is in them: they may be as large as a body. */
const shallow: ReadonlySet<ResourceName> = new Set<ResourceName>(['secrets']);

/**
 * A decoded object with everything filled in that Kubernetes would, so that readers need not know defaults; `object`
 * stays as it is. For new objects and for updates; whatever creates pods from templates without the API calls it as
 * well.
 */
export function applyDefaults<T extends KubeObject>(info: ResourceInfo, object: T): T {
  const resource = resourceName(info);
  const fill = defaulters[resource] as ((object: T) => void) | undefined;
  const whole = withStatusFields(resource, object);
  if (fill === undefined) return whole;
  const copy = shallow.has(resource) ? { ...whole } : copyObject(whole);
  fill(copy);
  return copy;
}

/** A new object as whoever `sent` it set it: with the defaults of its version, without what is derived after them. */
export function asSent(info: ResourceInfo, sent: KubeObject): KubeObject {
  const complete = applyDefaults(info, sent);
  return resourceName(info) === 'pods' ? (withoutAdmitted(complete as Pod, sent as Pod) as KubeObject) : complete;
}

/** Whoever owns fields is recorded for good, and no default changes it: that part, which may be the longest, is shared. */
function copyObject<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  const copy = copyPlain({ ...object, metadata });
  return managedFields === undefined ? copy : { ...copy, metadata: { ...copy.metadata, managedFields } };
}

/** What of the stored object a completed update keeps, or does not. */
const settlers: Readonly<Record<ResourceName, (object: never, old: never) => void>> = { services: settleService };

/** A completed update that keeps what was given out to the object it replaces, and drops what has no use now. */
export function withKept<T extends KubeObject>(info: ResourceInfo, object: T, old: KubeObject): T {
  const settle = settlers[resourceName(info)] as ((object: T, old: KubeObject) => void) | undefined;
  if (!settle) return object;
  const copy = copyObject(object);
  settle(copy, old);
  return copy;
}

/**
 * A new, completed object with its uid, and with what Kubernetes derives from that. Whatever creates objects without
 * the API calls it after `applyDefaults`, once the name is known; the store keeps the uid.
 */
export function withIdentity<T extends KubeObject>(info: ResourceInfo, object: T, uid: string): T {
  const identified = { ...object, metadata: { ...object.metadata, uid } };
  const identify = identifiers[resourceName(info)] as ((object: T) => void) | undefined;
  if (!identify) return identified;
  const copy = copyObject(identified);
  identify(copy);
  return copy;
}

/** A new namespace waits for its objects before it goes; one whose finalizers were taken away must not get them back. */
function defaultNamespace(namespace: Namespace): void {
  const metadata = (namespace.metadata ??= {});
  if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  const isNew = metadata.uid === undefined;
  const spec = (namespace.spec ??= {});
  if (isNew) spec.finalizers = [...new Set([...(spec.finalizers ?? []), 'kubernetes'])];
  if (isNew) namespace.status = { phase: 'Active', ...namespace.status };
}

/** What was given as text is kept as base64, and counts more. */
function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque';
  const entries = Object.entries(secret.stringData ?? {});
  if (entries.length > 0) {
    const encoded = entries.map(([key, text]): [string, string] => [key, Buffer.from(text).toString('base64')]);
    secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  }
  delete secret.stringData;
}
