import type { ClusterRole, PolicyRule, Role, RoleRef, Stored, Subject } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import { forbidden, type Attributes } from './attributes.ts';
import { BindingIndex, type Binding } from './binding-index.ts';
import { ruleAllows } from './rules.ts';
import { masters, type User } from './user.ts';

export interface Decision {
  allowed: boolean;
  /** Which binding allows it, or '' . */
  reason: string;
}

/** What one binding gives to a user. */
interface Grant {
  binding: Binding;
  subject: Subject;
  rules: readonly PolicyRule[];
}

const group = 'rbac.authorization.k8s.io';
export const roles = `roles.${group}`;
export const clusterRoles = `clusterroles.${group}`;
export const roleBindings = `rolebindings.${group}`;
export const clusterRoleBindings = `clusterrolebindings.${group}`;

/** All rights there are. */
export const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Decides by the stored roles and bindings who may do what. It reads the store's memory at each decision, so a change
 * counts from the next request on.
 */
export class Authorizer {
  readonly #store: Store;
  /** By the list it was made of: the store gives out the same list until something in it changes. */
  readonly #indexes = new WeakMap<readonly Binding[], BindingIndex>();

  constructor(store: Store) {
    this.#store = store;
  }

  decide(user: User, attributes: Attributes): Decision {
    if (user.groups.includes(masters)) return { allowed: true, reason: '' };
    const namespace = 'path' in attributes ? '' : attributes.namespace;
    for (const grant of this.#grants(user, namespace)) {
      const allows = grant.rules.some((rule) => ruleAllows(rule, attributes));
      if (allows) return { allowed: true, reason: describe(grant) };
    }
    return { allowed: false, reason: '' };
  }

  /** Throws Forbidden unless the user may do this. */
  require(user: User, attributes: Attributes): void {
    const { allowed, reason } = this.decide(user, attributes);
    if (!allowed) throw forbidden(user, attributes, reason);
  }

  /** All rules that hold for a user in a namespace, or with '' in the whole cluster. */
  rulesOf(user: User, namespace: string): PolicyRule[] {
    if (user.groups.includes(masters)) return [...everything];
    return [...this.#grants(user, namespace)].flatMap(({ rules }) => rules);
  }

  /** The rules of the role that a binding in this namespace names; undefined when there is no such role. */
  rulesOfRole({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      kind === 'ClusterRole'
        ? this.#store.get<Stored<ClusterRole>>(clusterRoles, '', name)
        : this.#store.get<Stored<Role>>(roles, namespace, name);
    return role && (role.rules ?? []);
  }

  *#grants(user: User, namespace: string): Generator<Grant, void> {
    yield* this.#grantsOf(this.#store.list<Binding>(clusterRoleBindings).items, user);
    if (namespace !== '') yield* this.#grantsOf(this.#store.list<Binding>(roleBindings, { namespace }).items, user);
  }

  *#grantsOf(bindings: readonly Binding[], user: User): Generator<Grant, void> {
    let index = this.#indexes.get(bindings);
    if (index === undefined) this.#indexes.set(bindings, (index = new BindingIndex(bindings)));
    for (const { binding, subject } of index.of(user)) {
      const rules = this.rulesOfRole(binding.roleRef, binding.metadata.namespace ?? '');
      if (rules !== undefined) yield { binding, subject, rules };
    }
  }
}

function describe({ binding, subject }: Grant): string {
  const { kind, metadata, roleRef } = binding;
  const name = metadata.namespace === undefined ? metadata.name : `${metadata.name}/${metadata.namespace}`;
  const to = subject.namespace ? `${subject.name}/${subject.namespace}` : subject.name;
  return `RBAC: allowed by ${kind} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(to)}`;
}
