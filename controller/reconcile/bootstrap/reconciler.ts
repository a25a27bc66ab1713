import { hasReason } from '../../../shared/errors.ts';
import type { ResourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { ReconcileDeps } from '../deps.ts';
import { Runner } from '../runner.ts';

/** A cluster-scoped object that is always there. */
export type Lasting = readonly [ResourceName, KubeObject];

/** Makes again what everybody takes for granted and somebody has deleted; what is there stays as it is. */
export class BootstrapReconciler {
  readonly #deps: ReconcileDeps;
  /** By key, `<resource> <name>`. */
  readonly #wanted: ReadonlyMap<string, Lasting>;

  constructor(deps: ReconcileDeps, wanted: readonly Lasting[]) {
    this.#deps = deps;
    this.#wanted = new Map(wanted.map((each) => [`${each[0]} ${each[1].metadata.name}`, each]));
  }

  run(scope: Scope): void {
    const runner = new Runner('bootstrap', (key) => this.reconcile(key), this.#deps, scope, 1);
    const resources = [...new Set([...this.#wanted.values()].map(([resource]) => resource))];
    const reset = (): void => [...this.#wanted.keys()].forEach((key) => runner.add(key));
    startFollowing(
      this.#deps,
      {
        resources,
        reset,
        apply: ({ type, key }) => {
          if (type === 'DELETED') runner.add(`${key.resource} ${key.name}`);
        },
      },
      scope,
    );
  }

  async reconcile(key: string): Promise<undefined> {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined || this.#deps.store.get(wanted[0], '', wanted[1].metadata.name) !== undefined) return;
    try {
      await this.#deps.store.create(...wanted);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  }
}
