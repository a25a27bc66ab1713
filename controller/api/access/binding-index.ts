import type { ClusterRoleBinding, RoleBinding, Stored, Subject } from '../../../shared/objects/types.ts';
import { accountUserName, type User } from './user.ts';

/** A RoleBinding or a ClusterRoleBinding. */
export type Binding = Stored<RoleBinding | ClusterRoleBinding>;

/** Finds bindings by whom they bind, so that a request costs what its user is bound by, not what there is. */
export class BindingIndex {
  readonly #bySubject = new Map<string, { binding: Binding; subject: Subject }[]>();

  constructor(bindings: readonly Binding[]) {
    for (const binding of bindings) {
      for (const subject of binding.subjects ?? []) this.#add(binding, subject);
    }
  }

  /** The bindings of a user and of the user's groups, each with the subject that names them. */
  *of({ name, groups }: User): Generator<{ binding: Binding; subject: Subject }, void> {
    yield* this.#bySubject.get(`User ${name}`) ?? [];
    for (const group of groups) yield* this.#bySubject.get(`Group ${group}`) ?? [];
  }

  #add(binding: Binding, subject: Subject): void {
    const key = keyOf(subject, binding.metadata.namespace ?? '');
    if (key === undefined) return;
    const entries = this.#bySubject.get(key) ?? [];
    entries.push({ binding, subject });
    this.#bySubject.set(key, entries);
  }
}

function keyOf({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User' || kind === 'Group') return `${kind} ${name}`;
  const home = namespace === undefined || namespace === '' ? bindingNamespace : namespace;
  return kind === 'ServiceAccount' && home !== '' ? `User ${accountUserName(home, name)}` : undefined;
}
