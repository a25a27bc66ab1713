import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import type { DeploymentObject } from './deployment.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation, revisionAnnotation, templateDigest } from './deployment.ts';

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';

/** Annotations that belong to one object and are not handed down from a Deployment to its ReplicaSet. */
const own = new Set([
  lastAppliedAnnotation,
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
]);

/** The number of a revision; 0 when there is none. */
export function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0) || 0;
}

/** The set made from the Deployment's present template, the oldest if there are several; and all others. */
export function splitSets(
  deployment: DeploymentObject,
  sets: readonly ReplicaSetObject[],
): { current: ReplicaSetObject | undefined; old: ReplicaSetObject[] } {
  const wanted = templateDigest(deployment.spec?.template);
  const oldestFirst = [...sets].sort(
    (a, b) => createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const current = oldestFirst.find(({ spec }) => templateDigest(spec?.template) === wanted);
  return { current, old: oldestFirst.filter((set) => set !== current) };
}

/** The new set's revision: above all old ones. A set that comes back into use (undo) gets a new number. */
export function nextRevision(old: readonly ReplicaSetObject[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

/** The current set's annotations: what the Deployment hands down (change-cause above all), and its revision. */
export function annotationsOfCurrent(
  deployment: DeploymentObject,
  current: ReplicaSetObject | undefined,
  revision: number,
): Record<string, string> {
  const handedDown = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !own.has(key));
  const existing = current?.metadata.annotations ?? {};
  const had = current === undefined ? 0 : revisionOf(current);
  const history = existing[revisionHistoryAnnotation];
  const former = had > 0 && had < revision ? [history, String(had)].filter(Boolean).join(',') : history;
  return {
    ...existing,
    ...Object.fromEntries(handedDown),
    [revisionAnnotation]: String(Math.max(had, revision)),
    ...(former !== undefined && { [revisionHistoryAnnotation]: former }),
  };
}

/** Old sets beyond the history limit that have no pods left, the lowest revisions first. */
export function planCleanup(limit: number, old: readonly ReplicaSetObject[]): string[] {
  const kept = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const lowestFirst = [...kept].sort((a, b) => revisionOf(a) - revisionOf(b) || createdAt(a) - createdAt(b));
  return lowestFirst
    .slice(0, Math.max(0, kept.length - limit))
    .filter(isEmpty)
    .map(({ metadata }) => metadata.name);
}

/** It wants no pods, and its status says so about its present spec. */
function isEmpty({ metadata, spec, status }: ReplicaSetObject): boolean {
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  return (spec?.replicas ?? 1) === 0 && (status?.replicas ?? 0) === 0 && isSeen;
}

function createdAt({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? '1970-01-01T00:00:00Z');
}
