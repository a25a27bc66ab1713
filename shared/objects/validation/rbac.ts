import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../types.ts';
import { eachOf, invalid, notSupported, required } from './causes.ts';
import { dnsSubdomain, pathSegment } from './formats.ts';
import { selectorCauses } from './selector.ts';

const group = 'rbac.authorization.k8s.io';

/** Checks a Role. */
export function roleCauses({ rules }: Role): Cause[] {
  return eachOf(rules, 'rules', (rule, path) => ruleCauses(rule, path, true));
}

/** Checks a ClusterRole. */
export function clusterRoleCauses({ rules, aggregationRule }: ClusterRole): Cause[] {
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const needed = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
  return [
    ...eachOf(rules, 'rules', (rule, path) => ruleCauses(rule, path, false)),
    ...(aggregationRule && selectors.length === 0 ? [required(field, needed)] : []),
    ...eachOf(selectors, field, (selector, path) => selectorCauses(selector, path)),
  ];
}

function ruleCauses(rule: Partial<PolicyRule>, path: string, isNamespaced: boolean): Cause[] {
  const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const causes = verbs.length === 0 ? [required(`${path}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    const field = `${path}.nonResourceURLs`;
    const isBoth = apiGroups.length + resources.length > 0;
    const both = 'rules cannot apply to both regular resources and non-resource URLs';
    const within = 'namespaced rules cannot apply to non-resource URLs';
    return [
      ...causes,
      ...(isNamespaced ? [invalid(field, nonResourceURLs, within)] : []),
      ...(isBoth ? [invalid(field, nonResourceURLs, both)] : []),
    ];
  }
  return [
    ...causes,
    ...(apiGroups.length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : []),
    ...(resources.length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : []),
  ];
}

/** Checks a RoleBinding. */
export function roleBindingCauses({ roleRef, subjects }: RoleBinding): Cause[] {
  return [
    ...refCauses(roleRef, ['Role', 'ClusterRole']),
    ...eachOf(subjects, 'subjects', (subject, path) => subjectCauses(subject, path, true)),
  ];
}

/** Checks a ClusterRoleBinding. */
export function clusterRoleBindingCauses({ roleRef, subjects }: ClusterRoleBinding): Cause[] {
  return [
    ...refCauses(roleRef, ['ClusterRole']),
    ...eachOf(subjects, 'subjects', (subject, path) => subjectCauses(subject, path, false)),
  ];
}

function refCauses(ref: RoleRef | undefined, kinds: readonly string[]): Cause[] {
  if (!ref) return [];
  return [
    ...(ref.apiGroup === group ? [] : [notSupported('roleRef.apiGroup', ref.apiGroup, [group])]),
    ...(!ref.kind || kinds.includes(ref.kind) ? [] : [notSupported('roleRef.kind', ref.kind, kinds)]),
    ...pathSegment(ref.name, 'roleRef.name'),
  ];
}

function subjectCauses(
  { kind, apiGroup = '', name, namespace }: Subject,
  path: string,
  isNamespaced: boolean,
): Cause[] {
  switch (kind) {
    case 'ServiceAccount':
      return [
        ...dnsSubdomain(name, `${path}.name`),
        ...(apiGroup === '' ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [''])]),
        ...(isNamespaced || namespace ? [] : [required(`${path}.namespace`)]),
      ];
    case 'User':
    case 'Group':
      return apiGroup === group ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [group])];
    case '':
    case undefined:
      return [];
    default:
      return [notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

/** Whoever may bind one role must not turn that into another. */
export function bindingUpdateCauses({ roleRef }: RoleBinding, old: RoleBinding): Cause[] {
  return isDeepStrictEqual(roleRef, old.roleRef) ? [] : [invalid('roleRef', roleRef, 'cannot change roleRef')];
}
