import type { JobSpec, JobStatus } from '../../../shared/objects/types.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import type { Counts, JobView } from './count.ts';
import { parseIndexes } from './indexes.ts';

/** Why a Job is over, as Kubernetes says it. */
export interface Outcome {
  isSuccess: boolean;
  reason: string;
  message: string;
}

/** That the Job is over is known before its last pod has ended: conditions say the one, then the other. */
export const interim = { success: 'SuccessCriteriaMet', failure: 'FailureTarget' } as const;
export const final = { success: 'Complete', failure: 'Failed' } as const;

export function isFinishedJob({ conditions }: JobStatus): boolean {
  return Object.values(final).some((type) => findCondition(conditions, type)?.status === 'True');
}

/** What was decided earlier: it stays so. */
export function decidedOutcome({ conditions }: JobStatus): Outcome | undefined {
  for (const [isSuccess, type] of [
    [true, interim.success],
    [false, interim.failure],
  ] as const) {
    const condition = findCondition(conditions, type);
    if (condition?.status === 'True') {
      return { isSuccess, reason: condition.reason ?? '', message: condition.message ?? '' };
    }
  }
  return undefined;
}

/** Whether the Job is over, and why; undefined while it goes on. */
export function judgeJob(view: JobView, counts: Counts): Outcome | undefined {
  return judgeFailures(view, counts) ?? judgeSuccess(view, counts);
}

function judgeFailures(view: JobView, { failed, fatal, completed, failedIndexes }: Counts): Outcome | undefined {
  const { spec } = view;
  const fail = (reason: string, message: string): Outcome => ({ isSuccess: false, reason, message });
  if (fatal !== undefined) return fail('PodFailurePolicy', fatal);
  if (failed > (spec.backoffLimit ?? 6) || hasTooManyRestarts(view)) {
    return fail('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if (untilDeadline(view) === 0) return fail('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (spec.backoffLimitPerIndex === undefined) return undefined;
  if (failedIndexes.size > (spec.maxFailedIndexes ?? Infinity)) {
    return fail('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  }
  const isOver = failedIndexes.size > 0 && failedIndexes.size + completed.size >= (spec.completions ?? 0);
  return isOver ? fail('FailedIndexes', 'Job has failed indexes') : undefined;
}

/** Containers that start again count for pods that stay: each pod would else fail for ever. */
function hasTooManyRestarts({ spec, pods }: JobView): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods.filter(({ phase }) => phase === 'active').reduce((sum, pod) => sum + pod.restarts, 0);
  return restarts > 0 && restarts >= (spec.backoffLimit ?? 6);
}

/** Milliseconds; undefined without a deadline, or before the Job has begun. */
export function untilDeadline({ spec, status, now }: JobView): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status.startTime === undefined || spec.suspend === true)
    return undefined;
  return Math.max(0, Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - now);
}

function judgeSuccess(view: JobView, counts: Counts): Outcome | undefined {
  const { spec, pods } = view;
  const rule = matchingRule(spec, counts.completed);
  if (rule !== undefined) {
    return { isSuccess: true, reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  }
  const isRunning = pods.some(({ phase }) => phase === 'active');
  const isDone =
    spec.completions === undefined ? counts.succeeded > 0 && !isRunning : counts.succeeded >= spec.completions;
  if (!isDone) return undefined;
  return { isSuccess: true, reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
}

function matchingRule({ successPolicy, completions = 0 }: JobSpec, completed: ReadonlySet<number>): number | undefined {
  const found = (successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const named = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, completions);
    const reached = named === undefined ? completed.size : [...named].filter((index) => completed.has(index)).length;
    return reached >= (succeededCount ?? named?.size ?? Infinity);
  });
  return found < 0 ? undefined : found;
}
