import { rfc3339 } from '../../../shared/clock.ts';
import { hasReason } from '../../../shared/errors.ts';
import { withCondition } from '../../../shared/objects/conditions.ts';
import { resourceName, resources } from '../../../shared/objects/resources.ts';
import type { ResourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject, Namespace, NamespaceCondition, ServiceAccount } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { keepObject } from '../keep-object.ts';
import { Runner } from '../runner.ts';
import { type Remaining, remainingConditions } from './remaining.ts';
import { rootCertificate, rootCertificateName } from './root-certificate.ts';

type NamespaceObject = KubeObject & Namespace;

const finalizer = 'kubernetes';
/** Most objects of one resource deleted at once; their changes bring the namespace back. */
const maxDeletes = 500;
const contents = resources.filter(({ namespaced }) => namespaced).map(resourceName);

/** Gives each namespace its ServiceAccount and the cluster's authority, and empties those that are being deleted. Keys are names of namespaces. */
export class NamespaceReconciler {
  readonly #deps: ReconcileDeps;
  readonly #authority: string | undefined;

  /** `authority` is a certificate (PEM); without one namespaces get none. */
  constructor(deps: ReconcileDeps, authority?: string) {
    this.#deps = deps;
    this.#authority = authority;
  }

  run(scope: Scope): void {
    const runner = new Runner('namespace', (name) => this.reconcile(name), this.#deps, scope);
    const apply = (change: Change): void => {
      const name = this.#namespaceOf(change);
      if (name !== undefined) runner.add(name);
    };
    startFollowing(this.#deps, { apply }, scope);
  }

  async reconcile(name: string): Promise<undefined> {
    const namespace = this.#deps.store.get<NamespaceObject>('namespaces', '', name);
    if (namespace === undefined) return;
    if (namespace.metadata.deletionTimestamp === undefined) await this.#furnish(name);
    else await this.#empty(namespace);
  }

  async #furnish(namespace: string): Promise<void> {
    await this.#addServiceAccount(namespace);
    if (this.#authority === undefined) return;
    await keepObject(this.#deps.store, 'configmaps', rootCertificate(namespace, this.#authority));
  }

  async #addServiceAccount(namespace: string): Promise<void> {
    const { store } = this.#deps;
    if (store.get('serviceaccounts', namespace, 'default') !== undefined) return;
    const account: KubeObject & ServiceAccount = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    };
    try {
      await store.create('serviceaccounts', account);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  }

  async #empty(namespace: NamespaceObject): Promise<void> {
    const { name } = namespace.metadata;
    // What was let in before the deletion may still be on its way to the disk.
    await this.#deps.store.settled();
    await Promise.all(contents.map((resource) => this.#deleteAll(resource, name)));
    const left = contents
      .map((resource) => ({ resource, objects: this.#deps.store.list(resource, { namespace: name }).items }))
      .filter(({ objects }) => objects.length > 0);
    try {
      await (left.length === 0 ? this.#release(name) : this.#explain(name, left));
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  async #deleteAll(resource: ResourceName, namespace: string): Promise<void> {
    const { store, clock } = this.#deps;
    const { items } = store.list(resource, { namespace });
    const kept = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).slice(0, maxDeletes);
    await Promise.all(
      kept.map(async ({ metadata }) => {
        try {
          await deleteObject(store, clock, resource, namespace, metadata.name, { propagationPolicy: 'Background' });
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
      }),
    );
  }

  /** Nothing is left in it: the store removes it with its last finalizer. */
  async #release(name: string): Promise<void> {
    await this.#deps.store.modify<NamespaceObject>('namespaces', '', name, (namespace) => ({
      ...namespace,
      spec: { ...namespace.spec, finalizers: namespace.spec?.finalizers?.filter((each) => each !== finalizer) },
    }));
  }

  /** Says what a deletion that takes long is waiting for. */
  async #explain(name: string, left: readonly Remaining[]): Promise<void> {
    const conditions = remainingConditions(left, rfc3339(this.#deps.clock.now()));
    await this.#deps.store.modify<NamespaceObject>('namespaces', '', name, (namespace) => ({
      ...namespace,
      status: {
        ...namespace.status,
        conditions: [...conditions.reduce(withCondition<NamespaceCondition>, namespace.status?.conditions ?? [])],
      },
    }));
  }

  #namespaceOf({ type, key }: Change): string | undefined {
    if (key.resource === 'namespaces') return key.name;
    if (key.resource === 'configmaps' && key.name === rootCertificateName) return key.namespace;
    if (key.namespace === '') return undefined;
    if (key.resource === 'serviceaccounts' && type === 'DELETED') return key.namespace;
    const namespace = this.#deps.store.get<NamespaceObject>('namespaces', '', key.namespace);
    return namespace?.metadata.deletionTimestamp === undefined ? undefined : key.namespace;
  }
}
