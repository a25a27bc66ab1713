import { defaultCronJob, defaultJob } from './defaults/batch.ts';
import { defaultPod } from './defaults/pod.ts';
import { defaultService } from './defaults/service.ts';
import { defaultDaemonSet, defaultDeployment, defaultReplicaSet, defaultStatefulSet } from './defaults/workload.ts';
import { resourceName, type ResourceInfo, type ResourceName } from './resources.ts';
import type { Deployment, KubeObject, Namespace, Pod, ReplicaSet, Secret } from './types.ts';

/** Changes an object in place. Called twice, it changes nothing the second time. */
type Defaulter = (object: never) => void;

const defaulters: Readonly<Record<ResourceName, Defaulter>> = {
  namespaces: defaultNamespace,
  pods: (pod: Pod) => defaultPod(pod),
  secrets: defaultSecret,
  'deployments.apps': (deployment: Deployment) => defaultDeployment(deployment),
  'replicasets.apps': (replicaSet: ReplicaSet) => defaultReplicaSet(replicaSet),
  services: defaultService,
  'statefulsets.apps': defaultStatefulSet,
  'daemonsets.apps': defaultDaemonSet,
  'jobs.batch': defaultJob,
  'cronjobs.batch': defaultCronJob,
};

/**
 * A copy of a decoded object with everything filled in that Kubernetes would, so that readers need not know defaults.
 * For new objects and for updates; whatever creates pods from templates without the API calls it as well.
 */
export function applyDefaults<T extends KubeObject>(info: ResourceInfo, object: T): T {
  const copy = structuredClone(object);
  const fill = defaulters[resourceName(info)] as ((object: T) => void) | undefined;
  fill?.(copy);
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
