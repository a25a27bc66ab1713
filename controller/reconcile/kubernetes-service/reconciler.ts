import type { ResourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { keepObject } from '../keep-object.ts';
import { keyOf, Runner } from '../runner.ts';
import { kubernetesEndpoints, kubernetesService, kubernetesSlice, type ApiAddress } from './objects.ts';

const key = 'default/kubernetes';

/** Keeps Service `default/kubernetes` and where it leads as the API's address demands. There is one key. */
export class KubernetesServiceReconciler {
  readonly #deps: ReconcileDeps;
  readonly #wanted: readonly (readonly [ResourceName, KubeObject])[];

  constructor(deps: ReconcileDeps, api: ApiAddress) {
    this.#deps = deps;
    this.#wanted = [
      ['services', kubernetesService(api)],
      ['endpoints', kubernetesEndpoints(api)],
      ['endpointslices.discovery.k8s.io', kubernetesSlice(api)],
    ];
  }

  run(scope: Scope): void {
    const runner = new Runner('kubernetes-service', () => this.reconcile(), this.#deps, scope, 1);
    const resources = ['namespaces', ...this.#wanted.map(([resource]) => resource)];
    const apply = (change: Change): void => {
      if (keyOf(change.key) === key || keyOf(change.key) === '/default') runner.add(key);
    };
    startFollowing(this.#deps, { resources, apply }, scope);
  }

  async reconcile(): Promise<undefined> {
    const { store } = this.#deps;
    const namespace = store.get('namespaces', '', 'default');
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    for (const [resource, wanted] of this.#wanted) await keepObject(store, resource, wanted);
  }
}
