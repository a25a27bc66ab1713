import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { resourcePath, type ServedResource } from '../client/resource-names.ts';
import type { Results } from '../print/results.ts';
import type { Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface PruneOptions {
  selector?: string;
  namespace?: string;
  fieldManager: string;
  dryRun?: DryRun;
  /** Kinds, as `core/v1/ConfigMap`; every kind without them. */
  pruneAllowlist?: string[];
}

/**
 * Deletes what carries the labels of `selector` and was applied before, by `berth` or `kubectl`, but is not among
 * `applied`: in the namespaces of those and, unless the command names a namespace, of the whole cluster. What controllers
 * have made is never deleted: nobody has applied it.
 */
export async function pruneObjects(
  session: Session,
  applied: readonly KubeObject[],
  options: PruneOptions,
  results: Results,
): Promise<void> {
  const kept = new Set(applied.map(({ metadata }) => metadata.uid));
  for (const { resource, object } of await listLabelled(session, applied, options)) {
    const { uid, name, namespace, deletionTimestamp } = object.metadata;
    if (kept.has(uid) || deletionTimestamp !== undefined || !wasApplied(object, options.fieldManager)) continue;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid }, propagationPolicy: 'Background' };
    const path = resourcePath(resource, namespace, name);
    try {
      await session.client.call('DELETE', path, { body, query: dryRunQuery(options) });
    } catch (error) {
      if (hasReason(error, 'NotFound')) continue;
      throw error;
    }
    results.add(resource, name, `pruned${dryRunSuffix(options)}`, object);
  }
}

interface Listed {
  resource: ServedResource;
  object: KubeObject;
}

async function listLabelled(
  { client, names }: Session,
  applied: readonly KubeObject[],
  options: PruneOptions,
): Promise<Listed[]> {
  const inUse = applied.flatMap(({ metadata }) => metadata.namespace ?? []);
  const namespaces = new Set(options.namespace === undefined ? inUse : [options.namespace]);
  const query = { labelSelector: options.selector };
  const lists = allowedKinds(names, options)
    .filter(({ verbs }) => verbs.includes('list') && verbs.includes('delete'))
    .flatMap((resource) => {
      if (resource.namespaced) return [...namespaces].map((each) => ({ resource, path: resourcePath(resource, each) }));
      return options.namespace === undefined ? [{ resource, path: resourcePath(resource, undefined) }] : [];
    })
    .map(async ({ resource, path }) => {
      const { items } = await client.call<{ items: KubeObject[] }>('GET', path, { query });
      return items.map((object) => ({ resource, object }));
    });
  return (await Promise.all(lists)).flat();
}

/** Throws UsageError for a kind that the server does not have. */
function allowedKinds(names: Session['names'], { pruneAllowlist }: PruneOptions): readonly ServedResource[] {
  return (
    pruneAllowlist?.map((word) => {
      const [group = '', version = '', kind, ...more] = word.split('/');
      if (kind === undefined || more.length > 0)
        throw new UsageError(`"${word}" is not GROUP/VERSION/KIND, as core/v1/Pod`);
      return names.findKind(
        group === 'core' || group === '' ? version : `${group}/${version}`,
        kind,
        '--prune-allowlist',
      );
    }) ?? names.all
  );
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function wasApplied({ metadata }: KubeObject, fieldManager: string): boolean {
  if (metadata.annotations?.[lastApplied] !== undefined) return true;
  const managers = [fieldManager, 'berth', 'kubectl'];
  return (metadata.managedFields ?? []).some(
    ({ manager, operation }) => operation === 'Apply' && managers.includes(manager ?? ''),
  );
}
