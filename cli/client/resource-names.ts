import type { ApiClient } from './client.ts';
import { nearestWord } from '../nearest-word.ts';
import { UsageError } from '../usage.ts';

/** A resource as the server's discovery describes it. */
export interface ServedResource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: string[];
}

interface DiscoveryGroup {
  metadata?: { name?: string };
  versions: {
    version: string;
    resources: {
      resource: string;
      responseKind: { kind: string };
      scope: string;
      singularResource: string;
      shortNames?: string[];
      categories?: string[];
      verbs: string[];
    }[];
  }[];
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

/** What the server serves, by every name people use for it. */
export class ResourceNames {
  /** Each resource once, in the version that the server prefers. */
  readonly all: readonly ServedResource[];
  readonly #otherVersions: readonly ServedResource[];

  constructor(all: readonly ServedResource[], otherVersions: readonly ServedResource[] = []) {
    this.all = all;
    this.#otherVersions = otherVersions;
  }

  static async load(client: ApiClient): Promise<ResourceNames> {
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) => client.call<{ items: DiscoveryGroup[] }>('GET', path, { accept: aggregated })),
    );
    const groups = lists.flatMap(({ items }) => items);
    return new ResourceNames(
      groups.flatMap((group) => readVersions(group, 0, 1)),
      groups.flatMap((group) => readVersions(group, 1)),
    );
  }

  /** `po`, `pod`, `pods`, `Pod`, `deployments.apps`; a category as `all` gives several. Throws UsageError. */
  find(word: string): ServedResource[] {
    const name = word.toLowerCase();
    const exact = this.all.filter(
      ({ plural, singular, kind, shortNames, group }) =>
        [plural, singular, kind.toLowerCase(), ...shortNames].includes(name) || `${plural}.${group}` === name,
    );
    if (exact.length > 0) return exact.slice(0, 1);
    const members = this.all.filter(({ categories }) => categories.includes(name));
    if (members.length > 0) return members;
    const every = this.all.flatMap(({ plural, singular }) => [plural, singular]);
    const meant = nearestWord(name, every);
    const next = meant === undefined ? 'berth api-resources lists what it has' : `did you mean ${meant}?`;
    throw new UsageError(`the server has no resource type "${word}"; ${next}`);
  }

  /** The resource of a manifest, in any version; `source` is where that stands. Throws UsageError. */
  findKind(apiVersion: string, kind: string, source?: string): ServedResource {
    const found = this.#every.find((r) => r.kind === kind && groupVersion(r) === apiVersion);
    if (found !== undefined) return found;
    const where = source === undefined ? '' : `${source}: `;
    throw new UsageError(
      `${where}kind: the server has no ${kind} in ${apiVersion}; ${this.#propose(apiVersion, kind)}`,
    );
  }

  /**
   * Whether a manifest is of an API that the server does not have at all, as those of custom resources, rather than
   * misspelt: groups without a dot are Kubernetes' own.
   */
  isForeign(apiVersion: string, kind: string): boolean {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    if (this.#every.some((r) => r.group === group)) return kindsOfOthers.has(kind);
    if (!group.includes('.')) return false;
    const meant = nearestWord(
      group,
      this.#every.filter((r) => r.kind === kind).map((r) => r.group),
    );
    return meant === undefined;
  }

  /** Every group and version, in order. */
  get versions(): string[] {
    return [...new Set(this.#every.map(groupVersion))].sort();
  }

  get #every(): readonly ServedResource[] {
    return [...this.all, ...this.#otherVersions];
  }

  #propose(apiVersion: string, kind: string): string {
    const same = this.all.find((r) => r.kind === kind);
    if (same !== undefined) return `it has ${kind} in ${groupVersion(same)}`;
    const kinds = this.all.map((r) => r.kind);
    const siblings = this.#every.filter((r) => groupVersion(r) === apiVersion).map((r) => r.kind);
    const meant = nearestWord(kind, siblings) ?? nearestWord(kind, kinds);
    const [resource] = this.#every.filter((r) => r.kind === meant);
    if (resource === undefined) return 'berth api-resources lists what it has';
    return `did you mean ${resource.kind} of ${groupVersion(resource)}?`;
  }
}

/** Kinds of Kubernetes that Berth does not have, in API groups that it has. */
const kindsOfOthers: ReadonlySet<string> = new Set([
  'CSIDriver',
  'CSINode',
  'CSIStorageCapacity',
  'IPAddress',
  'ServiceCIDR',
  'VolumeAttachment',
  'VolumeAttributesClass',
]);

/** Resources of some versions of a group; the first is the preferred one. */
function readVersions({ metadata, versions }: DiscoveryGroup, from: number, to?: number): ServedResource[] {
  return versions.slice(from, to).flatMap(({ version, resources }) =>
    resources.map((found) => ({
      group: metadata?.name ?? '',
      version,
      plural: found.resource,
      singular: found.singularResource,
      kind: found.responseKind.kind,
      namespaced: found.scope === 'Namespaced',
      shortNames: found.shortNames ?? [],
      categories: found.categories ?? [],
      verbs: found.verbs,
    })),
  );
}

export function groupVersion({ group, version }: ServedResource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** URL path of a collection or, with a name, of one object. */
export function resourcePath(resource: ServedResource, namespace: string | undefined, name?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** What people call one object in output: `pod/web`, `deployment.apps/web`. */
export function objectLabel({ singular, group }: ServedResource, name: string): string {
  return group === '' ? `${singular}/${name}` : `${singular}.${group}/${name}`;
}

/** One object or all of a type, from `TYPE`, `TYPE NAME…`, `TYPE/NAME…`. */
export interface Target {
  resource: ServedResource;
  name?: string;
}

/** Reads the positional words of get, delete, describe and others. Throws UsageError. */
export function parseTargets(words: readonly string[], names: ResourceNames): Target[] {
  const [first, ...rest] = words;
  if (first === undefined) throw new UsageError('name a resource type, as in "pods" or "deployment/web"');
  if (first.includes('/')) {
    return words.map((word) => {
      const [type = '', name = '', ...more] = word.split('/');
      const [resource] = names.find(type);
      if (resource === undefined || name === '' || more.length > 0) throw new UsageError(`"${word}" is not TYPE/NAME`);
      return { resource, name };
    });
  }
  const resources = first.split(',').flatMap((word) => names.find(word));
  if (rest.length === 0) return resources.map((resource) => ({ resource }));
  return resources.flatMap((resource) => rest.map((name) => ({ resource, name })));
}
