import { createHash } from 'node:crypto';
import { apiVersionOf, type ResourceInfo } from '../../../shared/objects/resources.ts';
import { publishedResources, servedVersions } from '../../../shared/objects/versions/served-version.ts';
import { describeSubresource, resourceVerbs } from './subresources.ts';

interface GroupVersion {
  group: string;
  version: string;
  resources: ResourceInfo[];
}

/** Group versions in the order of the table, which is the order clients prefer them in; resources by their names. */
function groupVersions(): GroupVersion[] {
  const found = new Map<string, GroupVersion>();
  for (const info of publishedResources) {
    const key = apiVersionOf(info);
    const entry = found.get(key) ?? { group: info.group, version: info.version, resources: [] };
    entry.resources.push(info);
    found.set(key, entry);
  }
  for (const { resources } of found.values()) resources.sort((a, b) => (a.plural < b.plural ? -1 : 1));
  return [...found.values()];
}

/** Named groups, each with its versions. */
function namedGroups(): Map<string, GroupVersion[]> {
  const groups = new Map<string, GroupVersion[]>();
  for (const entry of groupVersions().filter(({ group }) => group !== '')) {
    groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  }
  return groups;
}

/** `/api` (core) or `/apis` (all others) in the aggregated form. */
export function aggregatedDiscovery(root: 'api' | 'apis', version: 'v2' | 'v2beta1'): object {
  const items =
    root === 'api'
      ? [
          {
            metadata: {},
            versions: groupVersions()
              .filter(({ group }) => group === '')
              .map(aggregatedVersion),
          },
        ]
      : [...namedGroups()].map(([name, versions]) => ({
          metadata: { name },
          versions: versions.map(aggregatedVersion),
        }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function aggregatedVersion({ version, resources }: GroupVersion): object {
  return { version, resources: resources.map(aggregatedResource), freshness: 'Current' };
}

function aggregatedResource(info: ResourceInfo): object {
  const { group, version, kind } = info;
  return {
    resource: info.plural,
    responseKind: { group, version, kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: info.verbs ?? resourceVerbs,
    ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
    ...(info.categories.length > 0 && { categories: info.categories }),
    ...(info.subresources.length > 0 && {
      subresources: info.subresources.map((subresource) => {
        const { verbs, ...own } = describeSubresource(subresource, info.kind);
        return { subresource, responseKind: { group, version, kind, ...own }, verbs };
      }),
    }),
  };
}

/** `/api` in the legacy form. */
export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis` in the legacy form. */
export function apiGroupList(): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...namedGroups().keys()].map(groupEntry) };
}

/** `/apis/<group>`, or undefined for a group that is not served. */
export function apiGroup(group: string): object | undefined {
  return namedGroups().has(group) ? { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) } : undefined;
}

function groupEntry(name: string): object {
  const versions = (namedGroups().get(name) ?? []).map((entry) => ({
    groupVersion: apiVersionOf(entry),
    version: entry.version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined for one that is not served. */
export function apiResourceList(group: string, version: string): object | undefined {
  const entry = groupVersions().find((known) => known.group === group && known.version === version);
  if (entry === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(entry),
    resources: entry.resources.flatMap((info) => [legacyResource(info), ...legacySubresources(info)]),
  };
}

function legacyResource(info: ResourceInfo): object {
  return {
    name: info.plural,
    singularName: info.singular,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs: info.verbs ?? resourceVerbs,
    ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
    ...(info.categories.length > 0 && { categories: info.categories }),
    ...(isStored(info) && { storageVersionHash: storageVersionHash(info) }),
  };
}

function isStored({ verbs = resourceVerbs }: ResourceInfo): boolean {
  return verbs.includes('watch');
}

/** Changes when objects are stored in another version. kube-apiserver makes it of the same text in the same way. */
function storageVersionHash(info: ResourceInfo): string {
  const stored = servedVersions.find((each) => each.info === info)?.stored ?? info;
  const text = `${stored.group}/${stored.version}/${stored.kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

function legacySubresources(info: ResourceInfo): object[] {
  return info.subresources.map((subresource) => {
    const { verbs, ...own } = describeSubresource(subresource, info.kind);
    return {
      name: `${info.plural}/${subresource}`,
      singularName: '',
      namespaced: info.namespaced,
      kind: info.kind,
      ...own,
      verbs,
    };
  });
}
