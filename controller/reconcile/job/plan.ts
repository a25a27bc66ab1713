import { rfc3339 } from '../../../shared/clock.ts';
import { backoffMs } from '../../../shared/backoff.ts';
import { findCondition, withCondition } from '../../../shared/objects/conditions.ts';
import type { JobCondition, JobStatus } from '../../../shared/objects/types.ts';
import { maxCreations } from '../pod-changes.ts';
import { countPods, type Counts, type JobView } from './count.ts';
import { judgeFailure } from './failure-policy.ts';
import type { JobPod } from './observe.ts';
import { decidedOutcome, final, interim, isFinishedJob, judgeJob, type Outcome, untilDeadline } from './outcome.ts';

/** What to do about a Job, in this order. */
export interface JobPlan {
  /** Stored before anything else. */
  status: JobStatus;
  /** Pods that may go: their end is in the status, or does not count. */
  release: string[];
  delete: string[];
  create: PodSlot[];
  events: { type: 'Normal' | 'Warning'; reason: string; message: string }[];
  /** Milliseconds after which to look again. */
  againMs?: number;
}

/** The place of a pod to be made. */
export interface PodSlot {
  index?: number;
  /** How often this index has failed. */
  earlierFailures?: number;
}

/** As Kubernetes waits after failures: 10 s, doubled with each, 10 minutes at most. */
const backoff = { initialMs: 10_000, maxMs: 600_000 };

export function planJob(view: JobView): JobPlan {
  const { spec, status } = view;
  const isOver = isFinishedJob(status);
  const decided = decidedOutcome(status);
  const counts = countPods(view, decided && (decided.isSuccess ? 'success' : 'failure'));
  const base: JobPlan = {
    status: { ...status, ...counts.status },
    release: counts.release,
    delete: [],
    create: [],
    events: [],
  };
  if (view.isDeleted) return { ...base, status };
  if (isOver) return { ...base, status: { ...status, ...counted(view, counts) }, delete: namesOf(activePods(view)) };
  const outcome = decided ?? judgeJob(view, counts);
  const live = activePods(view);
  const plan =
    outcome !== undefined
      ? planEnd(view, base, outcome, counts)
      : spec.suspend === true
        ? planSuspension(view, base)
        : planWork(view, planStart(view, base), counts);
  const staying = live.filter(({ name }) => !plan.delete.includes(name));
  return { ...plan, status: { ...plan.status, ...podCounts(view, staying) } };
}

/** A finished Job's numbers no longer change, save for those that were on their way. */
function counted({ status }: JobView, { status: next }: Counts): Partial<JobStatus> {
  return {
    uncountedTerminatedPods: next.uncountedTerminatedPods,
    failed: next.failed,
    succeeded: next.succeeded ?? status.succeeded,
  };
}

function activePods({ pods }: JobView): JobPod[] {
  return pods.filter(({ phase, isTerminating }) => phase === 'active' && !isTerminating);
}

function podCounts({ pods }: JobView, live: readonly JobPod[]): Pick<JobStatus, 'active' | 'ready' | 'terminating'> {
  const terminating = pods.filter(({ phase, isTerminating }) => phase === 'active' && isTerminating).length;
  const active = live.length > 0 ? live.length : undefined;
  return { active, ready: live.filter(({ isReady }) => isReady).length, terminating };
}

/** First no pod is left to run, then nothing is left to count, then it is said for good. */
function planEnd(view: JobView, base: JobPlan, outcome: Outcome, counts: Counts): JobPlan {
  const kind = outcome.isSuccess ? 'success' : 'failure';
  const { reason, message } = outcome;
  const said = withStatus(view, base.status.conditions, interim[kind], 'True', reason, message);
  const status = { ...base.status, conditions: said };
  const remove = namesOf(activePods(view));
  const uncounted = counts.status.uncountedTerminatedPods;
  const isSettled = !uncounted?.succeeded && !uncounted?.failed && view.pods.every(({ phase }) => phase !== 'active');
  if (!isSettled) return { ...base, status, delete: remove };
  const conditions = withStatus(view, said, final[kind], 'True', reason, message);
  const completionTime = outcome.isSuccess ? { completionTime: rfc3339(view.now) } : {};
  const event = outcome.isSuccess
    ? ({ type: 'Normal', reason: 'Completed', message: 'Job completed' } as const)
    : ({ type: 'Warning', reason, message } as const);
  return { ...base, status: { ...status, conditions, ...completionTime }, events: [event] };
}

function planSuspension(view: JobView, base: JobPlan): JobPlan {
  const { startTime: _time, ...status } = base.status;
  const isNew = findCondition(status.conditions, 'Suspended')?.status !== 'True';
  const conditions = withStatus(view, status.conditions, 'Suspended', 'True', 'JobSuspended', 'Job suspended');
  return {
    ...base,
    status: { ...status, conditions },
    delete: namesOf(activePods(view)),
    events: isNew ? [{ type: 'Normal', reason: 'Suspended', message: 'Job suspended' }] : [],
  };
}

/** The time of a Job begins anew when it is resumed. */
function planStart(view: JobView, base: JobPlan): JobPlan {
  const { conditions, startTime = rfc3339(view.now) } = base.status;
  if (findCondition(conditions, 'Suspended')?.status !== 'True')
    return { ...base, status: { ...base.status, startTime } };
  const resumed = withStatus(view, conditions, 'Suspended', 'False', 'JobResumed', 'Job resumed');
  const events: JobPlan['events'] = [{ type: 'Normal', reason: 'Resumed', message: 'Job resumed' }];
  return { ...base, status: { ...base.status, startTime: rfc3339(view.now), conditions: resumed }, events };
}

function planWork(view: JobView, base: JobPlan, counts: Counts): JobPlan {
  const { spec, pods } = view;
  const isIndexed = spec.completionMode === 'Indexed';
  const useless = isIndexed ? uselessPods(view, counts) : [];
  const useful = activePods(view).filter((pod) => !useless.includes(pod));
  const wanted = wantedPods(view, useful.length, counts);
  const surplus = useful.toSorted(leastUsefulFirst).slice(0, Math.max(0, useful.length - wanted));
  const ending =
    spec.podReplacementPolicy === 'Failed' ? pods.filter((pod) => pod.phase === 'active' && pod.isTerminating) : [];
  const missing = Math.max(0, wanted - useful.length - ending.length);
  const taken = new Set([...useful, ...ending].map(({ index }) => index));
  const { slots, waitMs } = isIndexed ? indexedSlots(view, counts, taken, missing) : plainSlots(view, missing);
  const waits = [waitMs, untilDeadline({ ...view, status: base.status })].filter((ms) => ms !== undefined);
  return {
    ...base,
    // Those that are one too many did not fail: they go uncounted.
    release: [...base.release, ...namesOf([...useless, ...surplus])],
    delete: namesOf([...useless, ...surplus]),
    create: slots,
    ...(waits.length > 0 && { againMs: Math.min(...waits) }),
  };
}

function wantedPods({ spec }: JobView, active: number, { succeeded, completed, failedIndexes }: Counts): number {
  const { parallelism = 1, completions } = spec;
  if (completions === undefined) return succeeded > 0 ? Math.min(active, parallelism) : parallelism;
  const over = spec.completionMode === 'Indexed' ? new Set([...completed, ...failedIndexes]).size : succeeded;
  return Math.min(parallelism, Math.max(0, completions - over));
}

/** Of an index that is done, that is out of range, or that an older pod works on. */
function uselessPods(view: JobView, { completed, failedIndexes }: Counts): JobPod[] {
  const seen = new Set<number>();
  return activePods(view)
    .toSorted((a, b) => a.createdAt - b.createdAt)
    .filter(({ index }) => {
      const isUseful =
        index !== undefined &&
        index < (view.spec.completions ?? 0) &&
        !completed.has(index) &&
        !failedIndexes.has(index) &&
        !seen.has(index);
      if (isUseful) seen.add(index);
      return !isUseful;
    });
}

interface Slots {
  slots: PodSlot[];
  waitMs?: number;
}

/** Nothing new comes too soon after failures. */
function plainSlots(view: JobView, missing: number): Slots {
  if (missing === 0) return { slots: [] };
  const waitMs = waitAfterFailures(view);
  return waitMs > 0
    ? { slots: [], waitMs }
    : { slots: Array.from({ length: Math.min(missing, maxCreations) }, () => ({})) };
}

function waitAfterFailures({ pods, now }: JobView): number {
  const lastSuccess = Math.max(
    0,
    ...pods.filter(({ phase }) => phase === 'succeeded').map(({ finishedAt }) => finishedAt),
  );
  const failures = pods.filter(({ phase, finishedAt }) => phase === 'failed' && finishedAt > lastSuccess);
  if (failures.length === 0) return 0;
  const last = Math.max(...failures.map(({ finishedAt }) => finishedAt));
  return Math.max(0, last + backoffMs(failures.length, backoff) - now);
}

function indexedSlots(view: JobView, counts: Counts, taken: ReadonlySet<number | undefined>, missing: number): Slots {
  const { spec, pods, now } = view;
  const isPerIndex = spec.backoffLimitPerIndex !== undefined;
  const commonWait = isPerIndex || missing === 0 ? 0 : waitAfterFailures(view);
  if (commonWait > 0) return { slots: [], waitMs: commonWait };
  const failed = Map.groupBy(
    pods.filter(({ phase }) => phase === 'failed'),
    ({ index }) => index,
  );
  const slots: PodSlot[] = [];
  let waitMs: number | undefined;
  for (let index = 0; index < (spec.completions ?? 0) && slots.length < Math.min(missing, maxCreations); index += 1) {
    if (taken.has(index) || counts.completed.has(index) || counts.failedIndexes.has(index)) continue;
    const before = isPerIndex ? (failed.get(index) ?? []) : [];
    const earlierFailures = Math.max(0, ...before.map((pod) => failuresUpTo(view, pod)));
    const last = Math.max(0, ...before.map(({ finishedAt }) => finishedAt));
    const wait = earlierFailures === 0 ? 0 : last + backoffMs(earlierFailures, backoff) - now;
    if (wait > 0) waitMs = Math.min(waitMs ?? Infinity, wait);
    else slots.push(isPerIndex ? { index, earlierFailures } : { index });
  }
  return waitMs === undefined ? { slots } : { slots, waitMs };
}

function failuresUpTo({ spec, namespace }: JobView, pod: JobPod): number {
  return pod.earlierFailures + (judgeFailure(spec, namespace, pod).action === 'Ignore' ? 0 : 1);
}

/** Those that are not ready have done least, then the youngest. */
function leastUsefulFirst(a: JobPod, b: JobPod): number {
  return Number(a.isReady) - Number(b.isReady) || b.createdAt - a.createdAt;
}

function withStatus(
  { now }: JobView,
  conditions: JobStatus['conditions'],
  type: string,
  status: string,
  reason: string,
  message: string,
): JobCondition[] {
  const time = rfc3339(now);
  return [
    ...withCondition(conditions, { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time }),
  ];
}

function namesOf(pods: readonly JobPod[]): string[] {
  return pods.map(({ name }) => name);
}
