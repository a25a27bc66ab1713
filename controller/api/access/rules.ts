import type { PolicyRule } from '../../../shared/objects/types.ts';
import { resourcePath, type Attributes } from './attributes.ts';

/** Says whether a rule allows something. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false;
  if ('path' in attributes) return allowsPath(rule, attributes.path);
  const { group, name } = attributes;
  const { resourceNames = [] } = rule;
  return (
    hasOrAll(rule.apiGroups, group) &&
    allowsResource(rule, resourcePath(attributes), attributes.subresource) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/** `*`, the resource with its subresource, or the subresource of any resource: `*\/scale`. */
function allowsResource({ resources = [] }: PolicyRule, path: string, subresource: string): boolean {
  return hasOrAll(resources, path) || (subresource !== '' && resources.includes(`*/${subresource}`));
}

/** `*`, the path itself, or a beginning of it before a final `*`. */
function allowsPath({ nonResourceURLs = [] }: PolicyRule, path: string): boolean {
  return nonResourceURLs.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))));
}

function hasOrAll(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(wanted));
}
