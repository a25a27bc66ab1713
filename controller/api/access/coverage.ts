import type { PolicyRule } from '../../../shared/objects/types.ts';

/** The smallest right there is: one verb on one resource, on one of its objects, or on one path. */
interface Right {
  verb: string;
  group?: string;
  resource?: string;
  /** Absent: every object. */
  name?: string;
  url?: string;
}

/** A rule whose lists are asked often. */
interface Owned {
  verbs: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  resources: ReadonlySet<string>;
  /** Empty: every object. */
  names: ReadonlySet<string>;
  urls: readonly string[];
}

/** More rights than this in one role are not looked through. */
const maxRights = 20_000;

/** The rights in `wanted` that `owned` does not hold, or 'too many' when there are too many to tell. */
export function findUncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] | 'too many' {
  if (wanted.reduce((sum, rule) => sum + countRights(rule), 0) > maxRights) return 'too many';
  const own = owned.map(readRule);
  return wanted
    .flatMap(rightsOf)
    .filter((right) => !own.some((rule) => covers(rule, right)))
    .map(ruleOf);
}

function readRule({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Owned {
  return {
    verbs: new Set(verbs),
    groups: new Set(apiGroups),
    resources: new Set(resources),
    names: new Set(resourceNames),
    urls: nonResourceURLs ?? [],
  };
}

function covers(
  { verbs, groups, resources, names, urls }: Owned,
  { verb, group = '', resource = '', name, url }: Right,
) {
  if (!hasOrAll(verbs, verb)) return false;
  if (url !== undefined)
    return urls.some((own) => own === url || (own.endsWith('*') && url.startsWith(own.slice(0, -1))));
  const slash = resource.indexOf('/');
  const hasResource = hasOrAll(resources, resource) || (slash >= 0 && resources.has(`*${resource.slice(slash)}`));
  return hasResource && hasOrAll(groups, group) && (names.size === 0 || (name !== undefined && names.has(name)));
}

function hasOrAll(set: ReadonlySet<string>, wanted: string): boolean {
  return set.has('*') || set.has(wanted);
}

function countRights({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule) {
  const onResources = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
  return verbs.length * (onResources + nonResourceURLs.length);
}

function rightsOf({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule) {
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  const targets: Omit<Right, 'verb'>[] = [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) => names.map((name) => ({ group, resource, ...(name !== undefined && { name }) }))),
    ),
    ...nonResourceURLs.map((url) => ({ url })),
  ];
  return targets.flatMap((target) => verbs.map((verb): Right => ({ verb, ...target })));
}

function ruleOf({ verb, group = '', resource = '', name, url }: Right): PolicyRule {
  if (url !== undefined) return { verbs: [verb], nonResourceURLs: [url] };
  const names = name === undefined ? {} : { resourceNames: [name] };
  return { verbs: [verb], apiGroups: [group], resources: [resource], ...names };
}
