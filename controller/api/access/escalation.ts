import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../../shared/errors.ts';
import { resourceName, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type { ClusterRole, KubeObject, PolicyRule, RoleBinding, RoleRef } from '../../../shared/objects/types.ts';
import { clusterRoleBindings, clusterRoles, everything, roleBindings, roles, type Authorizer } from './authorizer.ts';
import { findUncovered } from './coverage.ts';
import { masters, type User } from './user.ts';

type RoleObject = KubeObject & Pick<ClusterRole, 'rules' | 'aggregationRule'>;
type BindingObject = KubeObject & Pick<RoleBinding, 'roleRef' | 'subjects'>;

const maxShown = 20;

/**
 * Throws Forbidden when a user writes a role or a binding that gives rights which the user does not have, unless the
 * user may `escalate` roles, or `bind` this one. What a write leaves as it is needs no right.
 */
export function checkEscalation(
  authorizer: Authorizer,
  user: User,
  info: ResourceInfo,
  next: KubeObject,
  current?: KubeObject,
): void {
  if (user.groups.includes(masters)) return;
  const resource = resourceName(info);
  if (resource === roles || resource === clusterRoles) {
    checkRole(authorizer, user, info, next as RoleObject, current as RoleObject | undefined);
  } else if (resource === roleBindings || resource === clusterRoleBindings) {
    checkBinding(authorizer, user, info, next as BindingObject, current as BindingObject | undefined);
  }
}

function checkRole(
  authorizer: Authorizer,
  user: User,
  info: ResourceInfo,
  next: RoleObject,
  current?: RoleObject,
): void {
  const { rules = [], aggregationRule } = next;
  const isSame = isDeepStrictEqual([rules, aggregationRule], [current?.rules ?? [], current?.aggregationRule]);
  if (current !== undefined && isSame) return;
  const { group, plural: resource } = info;
  const { name, namespace = '' } = next.metadata;
  if (authorizer.decide(user, { verb: 'escalate', group, resource, subresource: '', namespace, name }).allowed) return;
  // What an aggregating role will hold is decided by others.
  const wanted = aggregationRule === undefined ? rules : everything;
  requireHeld(authorizer, user, info, next, wanted);
}

function checkBinding(
  authorizer: Authorizer,
  user: User,
  info: ResourceInfo,
  next: BindingObject,
  current?: BindingObject,
): void {
  const { roleRef, subjects } = next;
  if (isDeepStrictEqual([roleRef, subjects], [current?.roleRef, current?.subjects])) return;
  const { namespace = '' } = next.metadata;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  const bind = { verb: 'bind', group: info.group, resource, subresource: '', namespace, name: roleRef.name };
  if (authorizer.decide(user, bind).allowed) return;
  const rules = authorizer.rulesOfRole(roleRef, namespace);
  if (rules === undefined) throw roleNotFound(info.group, resource, roleRef);
  requireHeld(authorizer, user, info, next, rules);
}

function requireHeld(
  authorizer: Authorizer,
  user: User,
  info: ResourceInfo,
  { metadata }: KubeObject,
  wanted: readonly PolicyRule[],
): void {
  const { name, namespace = '' } = metadata;
  const missing = findUncovered(authorizer.rulesOf(user, namespace), wanted);
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const rules =
    missing === 'too many'
      ? 'more than can be compared; split the role'
      : missing.slice(0, maxShown).map(showRule).join('\n') + (missing.length > maxShown ? '\n…' : '');
  const why = `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${rules}`;
  const message = `${resourceName(info)} ${JSON.stringify(name)} is forbidden: ${why}`;
  throw new ApiError('Forbidden', message, { name, kind: info.plural, group: info.group });
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}` */
function showRule({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  const parts = { APIGroups: apiGroups, Resources: resources, ResourceNames: resourceNames };
  const all = { ...parts, NonResourceURLs: nonResourceURLs, Verbs: verbs };
  const given = Object.entries(all).filter(([, values]) => values !== undefined);
  return `{${given.map(([name, values]) => `${name}:${JSON.stringify(values)}`).join(', ')}}`;
}

function roleNotFound(group: string, kind: string, { name }: RoleRef): ApiError {
  return new ApiError('NotFound', `${kind}.${group} ${JSON.stringify(name)} not found`, { name, kind, group });
}
