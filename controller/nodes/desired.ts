import { isDeepStrictEqual } from 'node:util';
import { apiEndpointsKey } from '../../shared/objects/api-endpoint.ts';
import { tokenSources } from '../../shared/objects/pod-tokens.ts';
import type { DesiredItem } from '../../shared/bus/messages.ts';
import type { Container, KubeObject, Pod, ServiceAccount } from '../../shared/objects/types.ts';

export type PodObject = KubeObject & Pick<Pod, 'spec' | 'status'>;

/** Finds an object by its key, as `secrets/default/tls`. */
export type Lookup = (key: string) => KubeObject | undefined;

export function keyOf(resource: string, { metadata }: KubeObject): string {
  return `${resource}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/**
 * What one node should know: its pods and what they name. `named` holds the keys of all that they name, there or not:
 * when one of them appears, the node needs it.
 */
export function desiredItems(
  pods: Iterable<PodObject>,
  lookup: Lookup,
): { items: Map<string, KubeObject>; named: Set<string> } {
  const items = new Map<string, KubeObject>();
  const named = new Set<string>();
  for (const pod of pods) {
    items.set(keyOf('pods', pod), pod);
    for (const key of namedBy(pod, lookup)) named.add(key);
  }
  for (const key of named) {
    const object = lookup(key);
    if (object !== undefined) items.set(key, object);
  }
  return { items, named };
}

/** Keys of the config maps, secrets, service account and tokens that a pod names, and where it finds the API. */
export function namedBy(pod: PodObject, lookup: Lookup): Set<string> {
  const keys = new Set<string>([apiEndpointsKey]);
  const namespace = pod.metadata.namespace ?? '';
  const add = (resource: string, name: string | undefined): void => {
    if (name !== undefined && name !== '') keys.add(`${resource}/${namespace}/${name}`);
  };
  const { spec } = pod;
  const account = `serviceaccounts/${namespace}/${spec?.serviceAccountName ?? 'default'}`;
  keys.add(account);
  const { imagePullSecrets = [] } = (lookup(account) ?? {}) as ServiceAccount;
  for (const { name } of [...imagePullSecrets, ...(spec?.imagePullSecrets ?? [])]) add('secrets', name);
  for (const volume of spec?.volumes ?? []) {
    add('configmaps', volume.configMap?.name);
    add('secrets', volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add('configmaps', source.configMap?.name);
      add('secrets', source.secret?.name);
    }
  }
  if (tokenSources(spec).length > 0) add('tokens', pod.metadata.name);
  const ephemeral = (spec?.ephemeralContainers ?? []) as Container[];
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...ephemeral]) {
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name);
      add('secrets', valueFrom?.secretKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add('configmaps', source.configMapRef?.name);
      add('secrets', source.secretRef?.name);
    }
  }
  return keys;
}

/** What to tell a node that was told `sent`, so that it knows `wanted`. */
export function diffItems(
  sent: ReadonlyMap<string, KubeObject>,
  wanted: ReadonlyMap<string, KubeObject>,
): { set: DesiredItem[]; remove: string[] } {
  const set = [...wanted]
    .filter(([key, object]) => {
      const before = sent.get(key);
      return before === undefined || !isSameForNode(before, object);
    })
    .map(([key, object]) => ({ key, object: withoutBookkeeping(object) }));
  return { set, remove: [...sent.keys()].filter((key) => !wanted.has(key)) };
}

/** A pod whose status alone changed is no news: the node itself wrote it, save for the readiness gates of others. */
export function isSameForNode(before: KubeObject, after: KubeObject): boolean {
  if (before === after) return true;
  return isDeepStrictEqual(nodeView(before), nodeView(after));
}

function nodeView(object: KubeObject): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...metadata } = object.metadata;
  const { status, ...rest } = object as KubeObject & Pick<Pod, 'spec' | 'status'>;
  return { ...rest, metadata, gates: gatesOf(rest.spec, status) };
}

/** What others say of a pod that waits for their word to be ready. */
function gatesOf(spec: Pod['spec'], status: Pod['status']): string[] {
  const gates = new Set((spec?.readinessGates ?? []).map(({ conditionType }) => conditionType));
  if (gates.size === 0) return [];
  return (status?.conditions ?? []).flatMap((each) => (gates.has(each.type) ? `${each.type}=${each.status}` : []));
}

/** Field management is of no use to a node and large. */
export function withoutBookkeeping(object: KubeObject): KubeObject {
  const { managedFields: _fields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Items in groups of at most `limitBytes`, in order; a larger item goes alone. */
export function splitItems(items: readonly DesiredItem[], limitBytes: number): DesiredItem[][] {
  const parts: DesiredItem[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item));
    if (bytes > room || parts.length === 0) {
      parts.push([]);
      room = limitBytes;
    }
    parts.at(-1)?.push(item);
    room -= bytes;
  }
  return parts;
}
