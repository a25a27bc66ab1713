import { ApiError } from '../../../shared/errors.ts';
import { withAccount } from '../../../shared/objects/account-volume.ts';
import { resourceName, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type {
  Container,
  KubeObject,
  Namespace,
  Pod,
  PodSpec,
  ServiceAccount,
  Stored,
} from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';

type Parts = KubeObject & { spec?: unknown; status?: unknown };

/** Throws NotFound when the namespace is absent and Forbidden when it goes away: nothing new may appear in it. */
export function admitIntoNamespace(store: Store, info: ResourceInfo, { metadata }: KubeObject): void {
  if (!info.namespaced) return;
  const name = metadata.namespace ?? '';
  const namespace = store.get<Stored<Namespace>>('namespaces', '', name);
  if (namespace === undefined) {
    throw new ApiError('NotFound', `namespaces ${JSON.stringify(name)} not found`, { name, kind: 'namespaces' });
  }
  if (namespace.metadata.deletionTimestamp === undefined && namespace.status?.phase !== 'Terminating') return;
  const resource = resourceName(info);
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  const causes = [
    { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
  ];
  const details = { name: metadata.name, kind: info.plural, group: info.group || undefined, causes };
  throw new ApiError('Forbidden', `${resource} ${JSON.stringify(metadata.name)} is forbidden: ${why}`, details);
}

/** A new pod with what its ServiceAccount gives it; other objects as they are. */
export function admitAccount(store: Store, info: ResourceInfo, object: KubeObject): KubeObject {
  if (resourceName(info) !== 'pods') return object;
  const pod: KubeObject & Pod = object as KubeObject & Pod;
  const { namespace = '' } = pod.metadata;
  const account = pod.spec?.serviceAccountName ?? 'default';
  return withAccount(pod, store.get<KubeObject & ServiceAccount>('serviceaccounts', namespace, account));
}

/** An object without its status: that is for whoever acts on it to write. */
function dropStatus(info: ResourceInfo, object: KubeObject): KubeObject {
  if (!info.subresources.includes('status')) return object;
  const { status: _, ...rest } = object as Parts;
  return rest;
}

/** A new object as it may come: only a node, which registers itself, brings its status along. */
export function withoutEarlyStatus(info: ResourceInfo, object: KubeObject): KubeObject {
  return resourceName(info) === 'nodes' ? object : dropStatus(info, object);
}

/** What a write to the resource itself may change: everything but the status. */
export function mergeMainWrite(info: ResourceInfo, next: KubeObject, current: KubeObject): KubeObject {
  if (!info.subresources.includes('status')) return next;
  const { status, spec } = current as Parts;
  // The finalizers in a namespace's spec go by /finalize alone: without them its contents would be left behind.
  const settled = resourceName(info) === 'namespaces' && spec !== undefined;
  return { ...dropStatus(info, next), ...(settled && { spec }), ...(status !== undefined && { status }) } as KubeObject;
}

/** What a write to `/status` may change: the status, labels, annotations and who owns their fields. */
export function mergeStatusWrite(next: KubeObject, current: KubeObject): KubeObject {
  const { labels, annotations, managedFields } = next.metadata;
  const { labels: _labels, annotations: _annotations, managedFields: _managed, ...metadata } = current.metadata;
  const { status } = next as Parts;
  const { status: _status, ...rest } = current as Parts;
  return {
    ...rest,
    metadata: {
      ...metadata,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(managedFields && { managedFields }),
    },
    ...(status !== undefined && { status }),
  } as KubeObject;
}

/** What a write to `/ephemeralcontainers` may change: those containers, and who owns their fields. */
export function mergeEphemeralWrite(next: KubeObject, current: KubeObject): KubeObject {
  const { ephemeralContainers } = (next as KubeObject & Pod).spec ?? {};
  return withSpecPart(next, current, { ephemeralContainers });
}

/** What a write to `/resize` may change: the resources of containers that are there, and who owns their fields. */
export function mergeResizeWrite(next: KubeObject, current: KubeObject): KubeObject {
  const [sent, stored] = [(next as KubeObject & Pod).spec, (current as KubeObject & Pod).spec];
  const containers = (stored?.containers ?? []).map((container) => resized(container, sent?.containers));
  const initContainers = stored?.initContainers?.map((init) => resized(init, sent?.initContainers));
  return withSpecPart(next, current, { containers, ...(initContainers && { initContainers }) });
}

function resized(container: Container, sent: readonly Container[] | undefined): Container {
  const found = sent?.find(({ name }) => name === container.name);
  if (found === undefined) return container;
  const { resources: _resources, resizePolicy: _policy, ...rest } = container;
  const { resources, resizePolicy } = found;
  return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) };
}

function withSpecPart(next: KubeObject, current: KubeObject, part: Partial<PodSpec>): KubeObject {
  const { managedFields } = next.metadata;
  const pod = current as KubeObject & Pod;
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(managedFields && { managedFields }) },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], ...part },
  } as KubeObject;
}
