import { createHash } from 'node:crypto';
import { scaleIntOrPercent } from '../../../shared/objects/int-or-percent.ts';
import type { Deployment, KubeObject, PodTemplateSpec } from '../../../shared/objects/types.ts';
import { hashName } from '../random-name.ts';
import type { RolloutDesired } from './rollout-set.ts';

export type DeploymentObject = KubeObject & Deployment;

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';
export const templateHashLabel = 'pod-template-hash';

/** What the user asks for, with percentages resolved. */
export function desiredRollout({ spec }: DeploymentObject): RolloutDesired {
  const replicas = spec?.replicas ?? 1;
  const strategy = spec?.strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate';
  const isPaused = spec?.paused ?? false;
  if (strategy === 'Recreate') return { replicas, strategy, maxSurge: 0, maxUnavailable: replicas, isPaused };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec?.strategy?.rollingUpdate ?? {};
  const surge = scaleIntOrPercent(maxSurge, replicas, 'up');
  const unavailable = scaleIntOrPercent(maxUnavailable, replicas, 'down');
  // With neither room above nor below, nothing could ever move: one pod may be missing then.
  const resolved = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, strategy, maxSurge: surge, maxUnavailable: Math.min(replicas, resolved), isPaused };
}

/** Equal for templates that make equal pods: the hash label, the order of keys and empty values do not count. */
export function templateDigest(template: PodTemplateSpec | undefined): string {
  const { [templateHashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  const plain = { ...template, metadata: { ...template?.metadata, labels } };
  return createHash('sha256').update(canonicalJson(plain)).digest('hex');
}

/** The suffix of the ReplicaSet made from a template; `collisions` gives another one. */
export function templateHash(template: PodTemplateSpec | undefined, collisions: number): string {
  return hashName(`${templateDigest(template)} ${collisions}`);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    const entries = Object.entries(part).filter(([, each]) => each !== null && each !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
