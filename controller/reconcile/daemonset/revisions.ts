import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import type { ControllerRevision, KubeObject, PodTemplateSpec } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import { templateDigest, templateHash } from '../deployment/deployment.ts';
import { controllerReference } from '../owners.ts';
import { type DaemonSetObject, hashLabel } from './daemon-pod.ts';

export type RevisionObject = KubeObject & ControllerRevision;

export const revisionResource = 'controllerrevisions.apps';

/** Annotations that belong to the DaemonSet alone. */
const own = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

/** What pods of a revision are known by. */
export function hashOf({ metadata }: RevisionObject): string {
  return metadata.labels?.[hashLabel] ?? '';
}

/**
 * The revision of the present template: made when there is none, and numbered above all others. Throws AlreadyExists when
 * its name belongs to something else.
 */
export async function ensureRevision(
  store: Store,
  set: DaemonSetObject,
  revisions: readonly RevisionObject[],
): Promise<RevisionObject> {
  const template = set.spec?.template ?? {};
  const wanted = templateDigest(template);
  const lowestFirst = revisions.toSorted((a, b) => a.revision - b.revision);
  const same = lowestFirst.findLast((each) => templateDigest(templateOf(each)) === wanted);
  const highest = Math.max(0, ...revisions.filter((each) => each !== same).map(({ revision }) => revision || 0));
  const annotations = annotationsFor(set, same);
  if (same !== undefined) {
    const revision = Math.max(same.revision, highest + 1);
    if (revision === same.revision && isDeepStrictEqual(annotations, same.metadata.annotations ?? {})) return same;
    return store.update<RevisionObject>(revisionResource, {
      ...same,
      revision,
      metadata: { ...same.metadata, annotations },
    });
  }
  const hash = templateHash(template, set.status?.collisionCount ?? 0);
  return store.create<RevisionObject>(revisionResource, {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      annotations,
      ownerReferences: [controllerReference(set)],
    },
    data: { spec: { template: { ...template, $patch: 'replace' } } } as RevisionObject['data'],
    revision: highest + 1,
  });
}

/** Removes old revisions beyond the limit that no pod is of, the lowest first. */
export async function removeOldRevisions(
  store: Store,
  limit: number,
  old: readonly RevisionObject[],
  hashesInUse: ReadonlySet<string>,
): Promise<void> {
  const unused = old.filter((each) => !hashesInUse.has(hashOf(each))).toSorted((a, b) => a.revision - b.revision);
  for (const { metadata } of unused.slice(0, Math.max(0, old.length - limit))) {
    await store
      .remove(revisionResource, metadata.namespace ?? '', metadata.name, metadata.resourceVersion)
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  }
}

function templateOf({ data }: RevisionObject): PodTemplateSpec {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _patch, ...template } = spec?.template ?? {};
  return template;
}

/** The change-cause above all. */
function annotationsFor({ metadata }: DaemonSetObject, same: RevisionObject | undefined): Record<string, string> {
  const handedDown = Object.entries(metadata.annotations ?? {}).filter(([key]) => !own.has(key));
  return { ...same?.metadata.annotations, ...Object.fromEntries(handedDown) };
}
