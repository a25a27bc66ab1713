import { hasReason } from '../../shared/errors.ts';
import { systemNamespaces } from '../../shared/objects/names.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject, Namespace, ServiceAccount, Stored } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import { clusterRoleBindings, clusterRoles } from './access/authorizer.ts';
import { bootstrapBindings, bootstrapRoles } from './access/bootstrap-roles.ts';

/** What clients take for granted, of the whole cluster: the built-in namespaces, and roles with their bindings. */
export const bootstrap: readonly (readonly [ResourceName, KubeObject])[] = [
  ...systemNamespaces.map((name) => ['namespaces', aSystemNamespace(name)] as const),
  ...bootstrapRoles.map((role) => [clusterRoles, role] as const),
  ...bootstrapBindings.map((binding) => [clusterRoleBindings, binding] as const),
];

/**
 * Makes what clients take for granted, and a ServiceAccount `default` in every namespace. Call it at the start; what is
 * there already stays as it is.
 */
export async function ensureBootstrap(store: Store): Promise<void> {
  const missing = bootstrap.filter(([resource, { metadata }]) => store.get(resource, '', metadata.name) === undefined);
  await Promise.all(missing.map(([resource, object]) => unlessPresent(store.create(resource, object))));
  for (const namespace of store.list<Stored<Namespace>>('namespaces').items)
    await ensureServiceAccount(store, namespace);
}

function aSystemNamespace(name: string): KubeObject & Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
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
