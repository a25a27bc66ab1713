import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { ReconcileDeps } from '../deps.ts';
import { Runner } from '../runner.ts';
import { aggregateRules, type ClusterRoleObject } from './plan.ts';

const resource = 'clusterroles.rbac.authorization.k8s.io';

/** Keeps the rules of aggregating ClusterRoles. Keys are names of such roles. */
export class ClusterRoleReconciler {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const runner = new Runner('cluster-role', (name) => this.reconcile(name), this.#deps, scope, 1);
    // Any role may be selected by any aggregating one, and of those there are few.
    const apply = (): void => {
      for (const { metadata, aggregationRule } of this.#list()) {
        if (aggregationRule !== undefined) runner.add(metadata.name);
      }
    };
    startFollowing(this.#deps, { resources: [resource], apply }, scope);
  }

  async reconcile(name: string): Promise<undefined> {
    const role = this.#deps.store.get<ClusterRoleObject>(resource, '', name);
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return;
    const rules = aggregateRules(role, this.#list());
    if (isDeepStrictEqual(rules, role.rules ?? [])) return;
    try {
      await this.#deps.store.update(resource, { ...role, rules });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #list(): readonly ClusterRoleObject[] {
    return this.#deps.store.list<ClusterRoleObject>(resource).items;
  }
}
