import { ApiError } from '../../shared/errors.ts';
import { resourceName, served, type ResourceInfo } from '../../shared/objects/resources.ts';

/** What a resource URL names. */
export interface ResourceTarget {
  info: ResourceInfo;
  /** '' for cluster-scoped resources and for collections over all namespaces. */
  namespace: string;
  /** Absent for a collection. */
  name?: string;
  subresource?: string;
}

const byPath = new Map(served.map((info) => [`${info.group}/${info.version}/${info.plural}`, info]));

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
  const { namespace, parts } = splitNamespace(at.rest);
  const [plural = '', name, subresource, ...more] = parts;
  const info = byPath.get(`${at.group}/${at.version}/${plural}`);
  if (info === undefined || more.length > 0 || name === '' || namespace === '') return undefined;
  if (!info.namespaced && namespace !== undefined) return undefined;
  if (info.namespaced && namespace === undefined && name !== undefined) return undefined;
  if (subresource !== undefined && !info.subresources.includes(subresource)) {
    throw new ApiError('NotFound', 'the server could not find the requested resource', { kind: info.plural });
  }
  return { info, namespace: namespace ?? '', name, subresource };
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
