/** One row per resource that Berth serves: how it is named in URLs, in discovery and in the store. */
export interface ResourceInfo {
  /** API group, '' for core. */
  group: string;
  version: string;
  kind: string;
  /** Plural, lower case, as in URLs. */
  plural: string;
  singular: string;
  namespaced: boolean;
  shortNames: readonly string[];
  categories: readonly string[];
  /** Subresources besides the resource itself, in the order discovery lists them. */
  subresources: readonly string[];
  /** Kept and answered, but nothing acts on it yet: writes get a Warning header. */
  storedOnly?: true;
}

const core = { group: '', version: 'v1', categories: [], shortNames: [], subresources: [] } as const;
const apps = { group: 'apps', version: 'v1', categories: ['all'], subresources: ['status', 'scale'] } as const;

/** All served resources; adding a kind is one row here and one in the schema overlay. */
export const resources: readonly ResourceInfo[] = [
  {
    ...core,
    kind: 'Namespace',
    plural: 'namespaces',
    singular: 'namespace',
    namespaced: false,
    shortNames: ['ns'],
    subresources: ['status', 'finalize'],
  },
  {
    ...core,
    kind: 'Node',
    plural: 'nodes',
    singular: 'node',
    namespaced: false,
    shortNames: ['no'],
    subresources: ['status'],
  },
  {
    ...core,
    kind: 'Pod',
    plural: 'pods',
    singular: 'pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status', 'log', 'exec', 'binding'],
  },
  { ...core, kind: 'ConfigMap', plural: 'configmaps', singular: 'configmap', namespaced: true, shortNames: ['cm'] },
  { ...core, kind: 'Secret', plural: 'secrets', singular: 'secret', namespaced: true },
  {
    ...core,
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    singular: 'serviceaccount',
    namespaced: true,
    shortNames: ['sa'],
  },
  { ...core, kind: 'Event', plural: 'events', singular: 'event', namespaced: true, shortNames: ['ev'] },
  {
    ...apps,
    kind: 'Deployment',
    plural: 'deployments',
    singular: 'deployment',
    namespaced: true,
    shortNames: ['deploy'],
  },
  { ...apps, kind: 'ReplicaSet', plural: 'replicasets', singular: 'replicaset', namespaced: true, shortNames: ['rs'] },
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    singular: 'lease',
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: [],
  },
];

/** `pods`, `deployments.apps`: the name of a resource in the store and in messages. */
export type ResourceName = string;

export function resourceName({ group, plural }: Pick<ResourceInfo, 'group' | 'plural'>): ResourceName {
  return group === '' ? plural : `${plural}.${group}`;
}

const byName = new Map(resources.map((info) => [resourceName(info), info]));
const byKind = new Map(resources.map((info) => [`${apiVersionOf(info)}/${info.kind}`, info]));

/** The row of `pods` or `deployments.apps`, or undefined. */
export function findResource(name: ResourceName): ResourceInfo | undefined {
  return byName.get(name);
}

/** The row of a Kind as manifests name it, or undefined. */
export function findKind(apiVersion: string, kind: string): ResourceInfo | undefined {
  return byKind.get(`${apiVersion}/${kind}`);
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<ResourceInfo, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
