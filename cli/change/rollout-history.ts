import { isDeepStrictEqual } from 'node:util';
import type { Deployment, KubeObject, PodTemplateSpec, ReplicaSet, Stored } from '../../shared/objects/types.ts';
import { yaml } from '../../shared/yaml.ts';
import { formatColumns } from '../print/columns.ts';
import { objectLabel, resourcePath } from '../client/resource-names.ts';
import type { Results } from '../print/results.ts';
import { pathOf, type ObjectRef } from '../client/selection.ts';
import type { Session } from '../client/session.ts';

export const revisionKey = 'deployment.kubernetes.io/revision';
const changeCauseKey = 'kubernetes.io/change-cause';
const hashLabel = 'pod-template-hash';

interface Revisions {
  deployment: Stored<Deployment>;
  /** Oldest first. */
  sets: Stored<ReplicaSet>[];
}

/** Replica sets of a deployment, oldest revision first. */
export async function ownedSets(
  { client, names, namespace }: Session,
  owner: KubeObject,
): Promise<Stored<ReplicaSet>[]> {
  const path = resourcePath(names.findKind('apps/v1', 'ReplicaSet'), owner.metadata.namespace ?? namespace);
  const { items } = await client.call<{ items: Stored<ReplicaSet>[] }>('GET', path);
  const isOwn = ({ metadata }: Stored<ReplicaSet>): boolean =>
    metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid) ?? false;
  return items.filter(isOwn).sort((a, b) => revisionOf(a) - revisionOf(b));
}

export function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[revisionKey] ?? 0);
}

async function readRevisions(session: Session, ref: ObjectRef): Promise<Revisions> {
  const deployment = await session.client.call<Stored<Deployment>>('GET', pathOf(ref));
  return { deployment, sets: await ownedSets(session, deployment) };
}

function findRevision(sets: readonly Stored<ReplicaSet>[], revision: number): Stored<ReplicaSet> {
  const found = sets.find((set) => revisionOf(set) === revision);
  if (found !== undefined) return found;
  throw new Error(`there is no revision ${revision}; there is ${sets.map(revisionOf).join(', ') || 'none'}`);
}

/** The pod template as the user wrote it. */
function templateOf({ spec }: Stored<ReplicaSet>): PodTemplateSpec {
  const { [hashLabel]: _hash, ...labels } = spec?.template?.metadata?.labels ?? {};
  return { ...spec?.template, metadata: { ...spec?.template?.metadata, labels } };
}

/** `rollout history`: the revisions, or the template of one; with `-o` the replica sets that keep them. */
export async function showHistory(
  session: Session,
  ref: ObjectRef,
  { revision, output }: { revision?: number; output?: string },
  results: Results,
): Promise<void> {
  const { sets } = await readRevisions(session, ref);
  const shown = revision === undefined || revision === 0 ? sets : [findRevision(sets, revision)];
  if (output !== undefined) {
    const resource = session.names.findKind('apps/v1', 'ReplicaSet');
    for (const set of shown) results.add(resource, set.metadata.name, '', set);
    return;
  }
  const [only] = shown;
  const label = objectLabel(ref.resource, ref.name);
  if (revision !== undefined && revision !== 0 && only !== undefined) {
    const cause = only.metadata.annotations?.[changeCauseKey];
    process.stdout.write(`${label} with revision #${revision}${cause === undefined ? '' : `: ${cause}`}\n`);
    process.stdout.write(yaml().stringify({ template: templateOf(only) }, { lineWidth: 0 }));
    return;
  }
  const rows = shown.map((set) => [String(revisionOf(set)), set.metadata.annotations?.[changeCauseKey] ?? '<none>']);
  process.stdout.write(`${label}\n${formatColumns([['REVISION', 'CHANGE-CAUSE'], ...rows])}`);
}

/** `rollout undo`: the template of an earlier revision becomes the newest one. */
export async function undoRollout(
  session: Session,
  ref: ObjectRef,
  toRevision: number | undefined,
  dryRun: { dryRun: string | undefined },
): Promise<{ done: string; object: KubeObject }> {
  const { deployment, sets } = await readRevisions(session, ref);
  const label = objectLabel(ref.resource, ref.name);
  if (deployment.spec?.paused === true) throw new Error(`${label} is paused: run berth rollout resume first`);
  const wanted = toRevision === undefined || toRevision === 0 ? sets.at(-2) : findRevision(sets, toRevision);
  if (wanted === undefined) throw new Error(`${label} has no earlier revision to go back to`);
  const template = templateOf(wanted);
  const revision = revisionOf(wanted);
  if (isDeepStrictEqual(asStored(template), asStored(deployment.spec?.template ?? {}))) {
    return { done: `is at revision ${revision} already`, object: deployment };
  }
  const object = await session.client.call<KubeObject>('PATCH', pathOf(ref), {
    contentType: 'application/json-patch+json',
    body: [
      { op: 'test', path: '/metadata/uid', value: deployment.metadata.uid },
      { op: 'replace', path: '/spec/template', value: template },
    ],
    query: { fieldManager: 'berth-rollout', ...dryRun },
  });
  return { done: `rolled back to revision ${revision}`, object };
}

/** A template without what one of two equal ones may lack. */
function asStored({ metadata, spec }: PodTemplateSpec): unknown {
  const { labels = {}, annotations = {} } = metadata ?? {};
  return { labels, annotations, spec };
}
