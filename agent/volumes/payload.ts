import { ApiError } from '../../shared/errors.ts';
import { podField, resourceField } from '../../shared/objects/pod-fields.ts';
import { tokenKey, type PodTokens, type TokenSource } from '../../shared/objects/pod-tokens.ts';
import type { ConfigMap, KubeObject, Pod, Secret, Stored, Volume } from '../../shared/objects/types.ts';
import type { ConfigSource } from './volumes.ts';

/** One file of a volume that Berth writes. */
export interface PayloadFile {
  bytes: Buffer;
  mode: number;
  /** Absent: root. */
  owner?: number;
}

/** By path below the volume. */
export type Payload = Map<string, PayloadFile>;

export interface PayloadSources {
  config: ConfigSource;
  /** Of the node: stands in for limits that a container does not set. */
  allocatable: Readonly<Record<string, number>>;
}

interface KeySource {
  name?: string;
  items?: { key: string; path: string; mode?: number }[];
  optional?: boolean;
}

type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;

const defaultMode = 0o644;

/** The files of a config map, secret, downward API or projected volume. Throws NotFound naming what is missing. */
export function payloadOf(pod: Stored<Pod>, volume: Volume, sources: PayloadSources): Payload {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) return keysOf(pod, 'configmap', configMap, configMap.defaultMode, sources.config);
  if (secret !== undefined) {
    const { secretName, items, optional } = secret;
    const source: KeySource = { name: secretName ?? '', items: items ?? [], optional: optional ?? false };
    return keysOf(pod, 'secret', source, secret.defaultMode, sources.config);
  }
  if (downwardAPI !== undefined) return fieldsOf(pod, downwardAPI.items, downwardAPI.defaultMode, sources);
  return projectedOf(pod, projected, sources);
}

function projectedOf(pod: Stored<Pod>, projected: Volume['projected'], sources: PayloadSources): Payload {
  const payload: Payload = new Map();
  for (const source of projected?.sources ?? []) {
    const mode = projected?.defaultMode;
    const { configMap, secret, downwardAPI, serviceAccountToken } = source;
    const parts = [
      ...(configMap === undefined ? [] : [keysOf(pod, 'configmap', configMap, mode, sources.config)]),
      ...(secret === undefined ? [] : [keysOf(pod, 'secret', secret, mode, sources.config)]),
      ...(downwardAPI === undefined ? [] : [fieldsOf(pod, downwardAPI.items, mode, sources)]),
      ...(serviceAccountToken === undefined ? [] : [tokenOf(pod, serviceAccountToken, mode, sources.config)]),
    ];
    if (parts.length === 0) {
      const kind = Object.keys(source).join(', ');
      throw new ApiError('BadRequest', `projected volumes from ${kind} are not supported by this node`);
    }
    for (const part of parts) for (const [path, file] of part) payload.set(path, file);
  }
  return payload;
}

function tokenOf(pod: Stored<Pod>, source: TokenSource, mode = defaultMode, config: ConfigSource): Payload {
  const { namespace = '', name, uid } = pod.metadata;
  const found = config.find('tokens', namespace, name) as PodTokens | undefined;
  // A pod of the same name may have been here before.
  const token = found?.metadata.uid === uid ? found.tokens[tokenKey(source)] : undefined;
  if (token === undefined) {
    const account = pod.spec?.serviceAccountName ?? 'default';
    throw new ApiError('NotFound', `no token of serviceaccount "${account}" yet: it does not exist, or is new`);
  }
  const owner = commonUser(pod);
  const isShared = owner === undefined && pod.spec?.securityContext?.fsGroup === undefined;
  const file = {
    bytes: Buffer.from(token, 'utf8'),
    mode: isShared ? mode : 0o600,
    ...(owner !== undefined && { owner }),
  };
  return new Map([[safePath(source.path), file]]);
}

/** The user that all containers of the pod run as, as far as the spec says it: such a token is for nobody else. */
function commonUser({ spec }: Stored<Pod>): number | undefined {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const users = new Set(containers.map((one) => one.securityContext?.runAsUser ?? spec?.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}

function keysOf(
  pod: Stored<Pod>,
  kind: 'configmap' | 'secret',
  { name = '', items = [], optional = false }: KeySource,
  mode = defaultMode,
  config: ConfigSource,
): Payload {
  const object = config.find(`${kind}s`, pod.metadata.namespace ?? '', name);
  if (object === undefined && !optional) throw new ApiError('NotFound', `${kind} "${name}" not found`);
  const data = object === undefined ? new Map<string, Buffer>() : dataOf(kind, object);
  if (items.length === 0) return new Map([...data].map(([key, bytes]) => [safePath(key), { bytes, mode }]));
  const payload: Payload = new Map();
  for (const { key, path, mode: own } of items) {
    const bytes = data.get(key);
    if (bytes !== undefined) payload.set(safePath(path), { bytes, mode: own ?? mode });
    else if (!optional) {
      const word = kind === 'secret' ? 'secret' : 'config';
      throw new ApiError('NotFound', `references non-existent ${word} key: ${key}`);
    }
  }
  return payload;
}

function dataOf(kind: 'configmap' | 'secret', object: KubeObject): Map<string, Buffer> {
  const decode = (values: Record<string, string> = {}): [string, Buffer][] =>
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
  if (kind === 'secret') return new Map(decode((object as KubeObject & Secret).data));
  const { data = {}, binaryData } = object as KubeObject & ConfigMap;
  const text = Object.entries(data).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, 'utf8')]);
  return new Map([...text, ...decode(binaryData)]);
}

function fieldsOf(
  pod: Stored<Pod>,
  items: DownwardItems = [],
  mode = defaultMode,
  { allocatable }: PayloadSources,
): Payload {
  const place = { nodeName: pod.spec?.nodeName ?? '', hostIP: '', podIP: '' };
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode: own }) => {
      const text =
        fieldRef === undefined
          ? resourceText(pod, resourceFieldRef, allocatable)
          : podField(pod, fieldRef.fieldPath, place);
      return [safePath(path), { bytes: Buffer.from(text, 'utf8'), mode: own ?? mode }];
    }),
  );
}

function resourceText(
  pod: Stored<Pod>,
  reference: DownwardItems[number]['resourceFieldRef'],
  allocatable: PayloadSources['allocatable'],
): string {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container = all.find(({ name }) => name === reference?.containerName);
  if (reference === undefined || container === undefined) {
    throw new ApiError('NotFound', `container ${reference?.containerName ?? ''} not found`);
  }
  return resourceField(container, reference.resource, reference.divisor, allocatable);
}

/** Below the volume, and not among the names that updates use. */
function safePath(path: string): string {
  const parts = path.split('/');
  const isSafe = path !== '' && !parts.some((part) => part === '' || part === '.' || part === '..');
  if (!isSafe || path.startsWith('..') || path.includes('\0')) {
    throw new ApiError('BadRequest', `invalid path in a volume: ${JSON.stringify(path)}`);
  }
  return path;
}
