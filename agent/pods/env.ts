import { ApiError, messageOf } from '../../shared/errors.ts';
import { type PodPlace, podField, resourceField } from '../../shared/objects/pod-fields.ts';
import type {
  ConfigMap,
  Container,
  EnvFromSource,
  EnvVar,
  KubeObject,
  Pod,
  Secret,
  Stored,
} from '../../shared/objects/types.ts';
import type { ApiEndpoint } from '../../shared/objects/api-endpoint.ts';
import type { ConfigSource } from '../volumes/volumes.ts';
import { apiVariables } from './api-variables.ts';
import { expand } from './expand.ts';
import { specOf } from './pod-view.ts';

/** What variables are made from, besides the pod itself. */
export interface EnvSources {
  config: ConfigSource;
  place: PodPlace;
  allocatable: Readonly<Record<string, number>>;
  /** Where the API is; undefined when it is out of reach. */
  api: ApiEndpoint | undefined;
}

export interface ContainerEnv {
  variables: Map<string, string>;
  /** Keys of `envFrom` that cannot be variable names, by source, as the event tells them. */
  skipped: { source: string; keys: string[] }[];
}

const variableName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Variables of a container in the order they are set. Throws NotFound with Kubernetes' words when a config map, a secret or a key is missing. */
export function containerEnv(pod: Stored<Pod>, container: Container, sources: EnvSources): ContainerEnv {
  const env: ContainerEnv = { variables: new Map(apiVariables(specOf(pod), sources.api)), skipped: [] };
  for (const source of container.envFrom ?? []) addAll(env, pod, source, sources.config);
  for (const entry of container.env ?? []) {
    const value =
      entry.valueFrom === undefined
        ? expand(entry.value ?? '', (name) => env.variables.get(name))
        : valueFrom(pod, container, entry, sources);
    if (value !== undefined) env.variables.set(entry.name, value);
  }
  return env;
}

function addAll(env: ContainerEnv, pod: Stored<Pod>, source: EnvFromSource, config: ConfigSource): void {
  const [kind, ref] =
    source.configMapRef === undefined
      ? (['secret', source.secretRef] as const)
      : (['configmap', source.configMapRef] as const);
  const data = dataOf(pod, kind, ref?.name ?? '', ref?.optional ?? false, config);
  const keys: string[] = [];
  for (const [key, value] of Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = `${source.prefix ?? ''}${key}`;
    if (variableName.test(name)) env.variables.set(name, value);
    else keys.push(name);
  }
  const kindWord = kind === 'secret' ? 'secret' : 'configMap';
  if (keys.length > 0) {
    env.skipped.push({ source: `${kindWord} ${pod.metadata.namespace ?? ''}/${ref?.name ?? ''}`, keys });
  }
}

function valueFrom(
  pod: Stored<Pod>,
  container: Container,
  { valueFrom: from }: EnvVar,
  { config, place, allocatable }: EnvSources,
): string | undefined {
  try {
    if (from?.fieldRef !== undefined) return podField(pod, from.fieldRef.fieldPath, place);
    if (from?.resourceFieldRef !== undefined) {
      const { containerName, resource, divisor } = from.resourceFieldRef;
      const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
      const named = containerName === undefined ? container : all.find(({ name }) => name === containerName);
      if (named === undefined) throw new ApiError('BadRequest', `container ${containerName ?? ''} not found`);
      return resourceField(named, resource, divisor, allocatable);
    }
  } catch (error) {
    throw new ApiError('NotFound', messageOf(error), {}, { cause: error });
  }
  if (from?.configMapKeyRef !== undefined) return keyOf(pod, 'configmap', from.configMapKeyRef, config);
  if (from?.secretKeyRef !== undefined) return keyOf(pod, 'secret', from.secretKeyRef, config);
  return undefined;
}

function keyOf(
  pod: Stored<Pod>,
  kind: 'configmap' | 'secret',
  { name = '', key, optional = false }: { name?: string; key: string; optional?: boolean },
  config: ConfigSource,
): string | undefined {
  const value = dataOf(pod, kind, name, optional, config)?.[key];
  if (value !== undefined || optional) return value;
  const word = kind === 'secret' ? 'Secret' : 'ConfigMap';
  throw new ApiError('NotFound', `couldn't find key ${key} in ${word} ${pod.metadata.namespace ?? ''}/${name}`);
}

function dataOf(
  pod: Stored<Pod>,
  kind: 'configmap' | 'secret',
  name: string,
  optional: boolean,
  config: ConfigSource,
): Record<string, string> | undefined {
  const object = config.find(`${kind}s`, pod.metadata.namespace ?? '', name);
  if (object === undefined) {
    if (optional) return undefined;
    throw new ApiError('NotFound', `${kind} "${name}" not found`);
  }
  return kind === 'secret' ? secretText(object) : ((object as KubeObject & ConfigMap).data ?? {});
}

function secretText(object: KubeObject): Record<string, string> {
  const data = Object.entries((object as KubeObject & Secret).data ?? {});
  return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}
