import type { KubeObject, Node, Pod, PodCondition } from '../../shared/objects/types.ts';
import { findCondition } from '../../shared/objects/conditions.ts';
import { isNodeLost } from './node-state.ts';

/** A pod as the store keeps it. */
export type PodObject = KubeObject & Pod;

export function isTerminating(pod: PodObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** All its containers have ended for good. */
export function isFinished(pod: PodObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: PodObject): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Milliseconds since the epoch at which the pod became ready, or undefined. */
export function readySince(pod: PodObject): number | undefined {
  const ready = readyCondition(pod);
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? '1970-01-01T00:00:00Z') : undefined;
}

/** The milliseconds until a pod has been ready long enough to count on; 0 when it has, undefined when it is not ready. */
export function untilAvailable(pod: PodObject, minReadySeconds: number, now: number): number | undefined {
  const since = readySince(pod);
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1_000 - now);
}

/** The pod's node is gone or was declared lost: whatever its status says, nobody can count on it. */
export function isPodLost(pod: PodObject, findNode: (name: string) => (KubeObject & Node) | undefined): boolean {
  const nodeName = pod.spec?.nodeName;
  return nodeName !== undefined && nodeName !== '' && isNodeLost(findNode(nodeName));
}

function readyCondition(pod: PodObject): PodCondition | undefined {
  return findCondition(pod.status?.conditions, 'Ready');
}
