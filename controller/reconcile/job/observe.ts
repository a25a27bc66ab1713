import { findCondition } from '../../../shared/objects/conditions.ts';
import { isFinished, isReady, isTerminating, type PodObject } from '../pod-state.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const indexFailuresAnnotation = 'batch.kubernetes.io/job-index-failure-count';

/** How a container ended. */
export interface Ending {
  container: string;
  exitCode: number;
}

/** One pod of a Job as far as the Job is concerned. */
export interface JobPod {
  name: string;
  uid: string;
  /** Undefined where the Job has none, or the pod none of its. */
  index: number | undefined;
  /** How often this index failed before this pod. */
  earlierFailures: number;
  phase: 'active' | 'succeeded' | 'failed';
  isTerminating: boolean;
  isReady: boolean;
  /** It is not yet known to be counted. */
  isTracked: boolean;
  /** Restarts of its containers together. */
  restarts: number;
  /** Milliseconds since the epoch, as all times here; when it was made while it is active. */
  finishedAt: number;
  createdAt: number;
  endings: readonly Ending[];
  /** Types and status of its conditions. */
  conditions: readonly { type: string; status: string }[];
}

export function observeJobPod(pod: PodObject): JobPod {
  const { metadata, status } = pod;
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const endings = statuses.flatMap(({ name, state }) =>
    state?.terminated === undefined ? [] : [{ container: name, exitCode: state.terminated.exitCode }],
  );
  const ends = statuses.flatMap(({ state }) => Date.parse(state?.terminated?.finishedAt ?? '') || []);
  const ready = findCondition(status?.conditions, 'Ready')?.lastTransitionTime;
  const createdAt = Date.parse(metadata.creationTimestamp ?? '') || 0;
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    index: numberIn(pod, indexAnnotation),
    earlierFailures: numberIn(pod, indexFailuresAnnotation) ?? 0,
    phase: isFinished(pod) ? (status?.phase === 'Succeeded' ? 'succeeded' : 'failed') : 'active',
    isTerminating: isTerminating(pod),
    isReady: isReady(pod),
    isTracked: metadata.finalizers?.includes(trackingFinalizer) ?? false,
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    finishedAt: ends.length > 0 ? Math.max(...ends) : Date.parse(ready ?? '') || createdAt,
    createdAt,
    endings,
    conditions: (status?.conditions ?? []).map(({ type, status: state }) => ({ type, status: state })),
  };
}

function numberIn({ metadata }: PodObject, annotation: string): number | undefined {
  const text = metadata.annotations?.[annotation] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
