import { ApiError } from '../../shared/errors.ts';
import { measured, resourceName, served, type ResourceInfo } from '../../shared/objects/resources.ts';
import { servedVersions, type ServedVersion } from '../../shared/objects/versions/served-version.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What a resource URL names. */
export interface ResourceTarget {
  /** The stored resource. */
  info: ResourceInfo;
  /** Set when the URL names a version other than the stored one. */
  version?: ServedVersion;
  /** '' for cluster-scoped resources and for collections over all namespaces. */
  namespace: string;
  /** Absent for a collection. */
  name?: string;
  subresource?: string;
  /** The older way to ask for a watch: by a path below `/watch/`. */
  isWatched?: true;
}

const pathKey = ({ group, version, plural }: Pick<ResourceInfo, 'group' | 'version' | 'plural'>): string =>
  `${group}/${version}/${plural}`;
const byPath = new Map<string, Pick<ResourceTarget, 'info' | 'version'>>([
  ...[...served, ...measured].map((info) => [pathKey(info), { info }] as const),
  ...servedVersions.map((version) => [pathKey(version.info), { info: version.stored, version }] as const),
]);

/** The resource as the URL names it: what bodies and answers are written in. */
export function servedInfo({ info, version }: Pick<ResourceTarget, 'info' | 'version'>): ResourceInfo {
  return version?.info ?? info;
}

/** The group and version that a path starts with, and the parts after it; undefined when the path has another shape. */
export function parseGroupVersion(
  segments: readonly string[],
): { group: string; version: string; rest: readonly string[] } | undefined {
  const [root, first, second] = segments;
  if (root === 'api' && first !== undefined) return { group: '', version: first, rest: segments.slice(2) };
  if (root === 'apis' && first !== undefined && first !== '' && second !== undefined) {
    return { group: first, version: second, rest: segments.slice(3) };
  }
  return undefined;
}

/** What the path names, or undefined when Berth serves nothing there. Throws NotFound for an unknown subresource. */
export function parseResourcePath(segments: readonly string[]): ResourceTarget | undefined {
  const at = parseGroupVersion(segments);
  if (at === undefined) return undefined;
  const isWatched = at.rest[0] === 'watch';
  const { namespace, parts } = splitNamespace(isWatched ? at.rest.slice(1) : at.rest);
  const [plural = '', name, subresource, ...more] = parts;
  const served = byPath.get(pathKey({ ...at, plural }));
  if (served === undefined) return undefined;
  const { info } = served;
  if (more.length > 0 || name === '' || namespace === '') return undefined;
  if (!info.namespaced && namespace !== undefined) return undefined;
  if (info.namespaced && namespace === undefined && name !== undefined) return undefined;
  if (isWatched && subresource !== undefined) return undefined;
  if (subresource !== undefined && !info.subresources.includes(subresource)) {
    throw new ApiError('NotFound', 'the server could not find the requested resource', { kind: info.plural });
  }
  return { ...served, namespace: namespace ?? '', name, subresource, ...(isWatched && { isWatched }) };
}

/** `namespaces/x/pods/y` lies in a namespace; `namespaces/x` and `namespaces/x/status` are the namespace itself. */
function splitNamespace(rest: readonly string[]): { namespace?: string; parts: readonly string[] } {
  const isOwnSubresource = rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize');
  if (rest[0] !== 'namespaces' || rest.length < 3 || isOwnSubresource) return { parts: rest };
  return { namespace: rest[1], parts: rest.slice(2) };
}

/** The refusal for a name that nothing is stored under. */
export function notFound(info: ResourceInfo, name: string): ApiError {
  const details = { name, kind: info.plural, ...(info.group !== '' && { group: info.group }) };
  return new ApiError('NotFound', `${resourceName(info)} ${JSON.stringify(name)} not found`, details);
}

/** What a method means on a path; undefined when nothing. */
export function verbOf(method: string, target: ResourceTarget, asksToWatch: boolean): Verb | undefined {
  const { info, namespace, name, subresource } = target;
  const isCollection = name === undefined;
  if (target.isWatched) return method === 'GET' ? 'watch' : undefined;
  switch (method) {
    case 'GET':
      if (isCollection) return asksToWatch ? 'watch' : 'list';
      return 'get';
    case 'POST':
      if (isCollection) return info.namespaced && namespace === '' ? undefined : 'create';
      return subresource === undefined ? undefined : 'create';
    case 'PUT':
      return isCollection ? undefined : 'update';
    case 'PATCH':
      return isCollection ? undefined : 'patch';
    case 'DELETE':
      if (isCollection) return info.namespaced && namespace === '' ? undefined : 'deletecollection';
      return 'delete';
    case 'HEAD':
    case 'OPTIONS':
      return subresource === 'proxy' ? 'get' : undefined;
    default:
      return undefined;
  }
}
