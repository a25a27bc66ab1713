import { hasReason } from '../../shared/errors.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject, Namespace, ServiceAccount, Stored } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import { clusterRoleBindings, clusterRoles } from './access/authorizer.ts';
import { bootstrapBindings, bootstrapRoles } from './access/bootstrap-roles.ts';

/** Namespaces that are always there. */
const builtIn = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

/**
 * Makes what clients take for granted: the built-in namespaces, a ServiceAccount `default` in every namespace, and
 * the roles that everybody knows, with their bindings.
 * Call it at the start and whenever a namespace appears; what is there already stays as it is.
 */
export async function ensureBootstrap(store: Store): Promise<void> {
  for (const name of builtIn) await ensureNamespace(store, name);
  for (const namespace of store.list<Stored<Namespace>>('namespaces').items)
    await ensureServiceAccount(store, namespace);
  await Promise.all([
    ...bootstrapRoles.map((role) => ensure(store, clusterRoles, role)),
    ...bootstrapBindings.map((binding) => ensure(store, clusterRoleBindings, binding)),
  ]);
}

async function ensure(store: Store, resource: ResourceName, object: KubeObject): Promise<void> {
  if (store.get(resource, '', object.metadata.name) === undefined) await unlessPresent(store.create(resource, object));
}

async function ensureNamespace(store: Store, name: string): Promise<void> {
  if (store.get('namespaces', '', name) !== undefined) return;
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } satisfies Namespace;
  await unlessPresent(store.create('namespaces', namespace));
}

async function ensureServiceAccount(store: Store, { metadata, status }: Stored<Namespace>): Promise<void> {
  const isEnding = metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating';
  if (isEnding || store.get('serviceaccounts', metadata.name, 'default') !== undefined) return;
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: metadata.name },
  } satisfies ServiceAccount;
  await unlessPresent(store.create('serviceaccounts', account));
}

async function unlessPresent(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}
