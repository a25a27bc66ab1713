import type { JobSpec, JobStatus } from '../../../shared/objects/types.ts';
import { judgeFailure, type PolicyVerdict } from './failure-policy.ts';
import { formatIndexes, parseIndexes } from './indexes.ts';
import type { JobPod } from './observe.ts';

/** A Job as its plan wants it. */
export interface JobView {
  name: string;
  namespace: string;
  spec: JobSpec;
  status: JobStatus;
  pods: readonly JobPod[];
  isDeleted: boolean;
  now: number;
}

export interface Counts {
  succeeded: number;
  failed: number;
  completed: ReadonlySet<number>;
  failedIndexes: ReadonlySet<number>;
  /** The part of the status that says all this. */
  status: Pick<JobStatus, 'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'>;
  /** Pods whose end is in this status: once it is stored they may go. */
  release: string[];
  /** A rule that fails the whole Job has matched. */
  fatal?: string;
}

/** Ends that one status may bring: it stays small, whatever ends at once. The rest comes with the next pass. */
const maxUncounted = 500;

/**
 * Counts every pod once, however often this process or another ends in between: its uid stands in the status before its
 * finalizer goes, and becomes a mere number after. Successes of an indexed Job are their indexes.
 */
export function countPods(view: JobView, decided: 'success' | 'failure' | undefined): Counts {
  const { spec, status, pods, isDeleted } = view;
  const count = spec.completions ?? 0;
  const isIndexed = spec.completionMode === 'Indexed';
  const completed = parseIndexes(status.completedIndexes, count);
  const failedIndexes = parseIndexes(status.failedIndexes, count);
  const tracked = new Map(pods.filter(({ isTracked }) => isTracked).map((pod) => [pod.uid, pod]));
  const [waitingSucceeded, succeededBefore] = settle(status.uncountedTerminatedPods?.succeeded, tracked);
  const [waitingFailed, failedBefore] = settle(status.uncountedTerminatedPods?.failed, tracked);
  const release: string[] = [];
  let fatal: string | undefined;
  for (const pod of tracked.values()) {
    const end = isDeleted ? 'none' : endOf(pod, view, decided);
    if (end === undefined) continue;
    if (waitingSucceeded.size + waitingFailed.size >= maxUncounted) break;
    if (end === 'succeeded') {
      if (!isIndexed) waitingSucceeded.add(pod.uid);
      else if (pod.index !== undefined && pod.index < count) completed.add(pod.index);
    } else if (end === 'failed') {
      const verdict = judgeFailure(spec, view.namespace, pod);
      if (verdict.action === 'FailJob') fatal ??= verdict.message;
      if (verdict.action !== 'Ignore') waitingFailed.add(pod.uid);
      if (isLastTry(spec, pod, verdict)) failedIndexes.add(pod.index ?? 0);
      else if (decided === undefined && isNeededForIndex(view, pod, completed)) continue;
    }
    release.push(pod.name);
  }
  const succeeded = isIndexed ? completed.size : (status.succeeded ?? 0) + succeededBefore + waitingSucceeded.size;
  const failed = (status.failed ?? 0) + failedBefore;
  return {
    succeeded,
    failed: failed + waitingFailed.size,
    completed,
    failedIndexes,
    release,
    ...(fatal !== undefined && { fatal }),
    status: {
      succeeded: positive(isIndexed ? completed.size : (status.succeeded ?? 0) + succeededBefore),
      failed: positive(failed),
      completedIndexes: isIndexed ? formatIndexes(completed) : undefined,
      failedIndexes: spec.backoffLimitPerIndex === undefined ? undefined : (formatIndexes(failedIndexes) ?? ''),
      uncountedTerminatedPods: {
        ...(waitingSucceeded.size > 0 && { succeeded: [...waitingSucceeded] }),
        ...(waitingFailed.size > 0 && { failed: [...waitingFailed] }),
      },
    },
  };
}

/** Uids that still wait for their finalizer to go, and the number of those for which it has. */
function settle(uids: readonly string[] = [], tracked: ReadonlyMap<string, JobPod>): [Set<string>, number] {
  const waiting = new Set(uids.filter((uid) => tracked.has(uid)));
  return [waiting, uids.length - waiting.size];
}

/** How the pod ended, or `none` for one that ends for no reason of its own; undefined while it goes on. */
function endOf(
  pod: JobPod,
  { spec }: JobView,
  decided: 'success' | 'failure' | undefined,
): 'succeeded' | 'failed' | 'none' | undefined {
  if (pod.phase !== 'active') return pod.phase;
  if (decided === 'failure') return 'failed'; // it will be deleted
  if (!pod.isTerminating) return undefined;
  if (spec.suspend === true || decided === 'success') return 'none';
  return spec.podReplacementPolicy === 'Failed' ? undefined : 'failed';
}

function isLastTry({ backoffLimitPerIndex: limit }: JobSpec, pod: JobPod, { action }: PolicyVerdict): boolean {
  if (limit === undefined || pod.index === undefined) return false;
  return action === 'FailIndex' || (action !== 'Ignore' && pod.earlierFailures >= limit);
}

/** The next pod of an index has its number of failures from this one. */
function isNeededForIndex({ spec, pods }: JobView, pod: JobPod, completed: ReadonlySet<number>): boolean {
  if (spec.backoffLimitPerIndex === undefined || pod.index === undefined || completed.has(pod.index)) return false;
  return !pods.some((other) => other.index === pod.index && other.createdAt >= pod.createdAt && other.uid !== pod.uid);
}

function positive(count: number): number | undefined {
  return count > 0 ? count : undefined;
}
