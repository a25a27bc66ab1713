import { rfc3339 } from '../../shared/clock.ts';
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
} from '../../shared/objects/types.ts';
import { configFailure } from './hold.ts';
import type { Termination } from './pod-record.ts';
import {
  type Latest,
  type PodView,
  currentSandbox,
  ephemeralOf,
  isInitialized,
  isRestarted,
  isSidecar,
  isStarted,
  latestOf,
  outcomeOf,
  recordOf,
  specOf,
} from './pod-view.ts';
import { remainingDelayMs, restartDelayMs } from './restart-delay.ts';
import { shownResources } from './shown-resources.ts';
import { containerKey, sandboxKey } from './step.ts';

/** After this long a failed pull shows as `ImagePullBackOff` instead of the failure itself. */
export const pullFailureShownMs = 2000;
const pullFailures = ['ErrImagePull', 'ImageInspectError'];

/** The status of one container as `kubectl get` and `describe` read it. */
export function containerStatusOf(view: PodView, container: Container, runtime: string): ContainerStatus {
  const latest = latestOf(view, container.name);
  const record = recordOf(view, container.name);
  const { state, shown } = stateOf(view, container, latest, runtime);
  const earlier = record?.ended.findLast(({ attempt }) => attempt !== shown?.attempt);
  const id = latest.status?.id ?? latest.termination?.id;
  const status: ContainerStatus = {
    name: container.name,
    state,
    lastState: earlier === undefined ? {} : { terminated: terminated(earlier, runtime) },
    ready: isReady(view, container, latest),
    restartCount: Math.max(0, latest.attempt),
    image: latest.status?.image ?? container.image ?? '',
    imageID: latest.status?.imageId ?? record?.imageId ?? '',
    started: isStarted(view, container, latest),
    ...shownResources(container, latest),
  };
  return id === undefined ? status : { ...status, containerID: `${runtime}://${id}` };
}

/** The state, and the attempt whose end it shows. */
function stateOf(
  view: PodView,
  container: Container,
  latest: Latest,
  runtime: string,
): { state: ContainerState; shown?: Termination } {
  if (latest.state === 'running') return { state: { running: { startedAt: rfc3339(latest.status?.startedAt ?? 0) } } };
  const { termination } = latest;
  const waiting = waitingOf(view, container, latest);
  if (waiting !== undefined) return { state: { waiting } };
  if (termination === undefined) return { state: { waiting: { reason: firstWait(view, container) } } };
  return { state: { terminated: terminated(termination, runtime) }, shown: termination };
}

function waitingOf(
  view: PodView,
  container: Container,
  latest: Latest,
): { reason: string; message: string } | undefined {
  if (view.end !== undefined || outcomeOf(view) !== undefined) return undefined;
  const refusal = view.holds.get(sandboxKey);
  if (refusal?.reason === configFailure) return { reason: refusal.reason, message: refusal.message };
  const hold = view.holds.get(containerKey(container.name));
  if (hold !== undefined && latest.state !== 'created')
    return shownHold(view, container, hold.reason, hold.message, hold.since);
  const record = recordOf(view, container.name);
  const { termination } = latest;
  if (termination === undefined || record === undefined || latest.sandbox !== currentSandbox(view)?.id)
    return undefined;
  if (!isRestarted(specOf(view.pod), container, termination.exitCode)) return undefined;
  if (remainingDelayMs(record, termination, view.now) === 0) {
    const { reason, message } = termination;
    return reason === 'StartError' ? { reason: 'RunContainerError', message } : undefined;
  }
  const delay = formatDelay(restartDelayMs(record, termination));
  const { name, namespace = 'default', uid } = view.pod.metadata;
  const what = `container=${container.name} pod=${name}_${namespace}(${uid})`;
  return { reason: 'CrashLoopBackOff', message: `back-off ${delay} restarting failed ${what}` };
}

function shownHold(
  view: PodView,
  { image = '' }: Container,
  reason: string,
  message: string,
  since: number,
): { reason: string; message: string } {
  if (!pullFailures.includes(reason) || view.now - since < pullFailureShownMs) return { reason, message };
  return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}": ${reason}: ${message}` };
}

/** 90 s is `1m30s`, as Go prints durations. */
export function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${String(seconds)}s` : `${String(Math.floor(seconds / 60))}m${String(seconds % 60)}s`;
}

function firstWait(view: PodView, container: Container): string {
  const inits = specOf(view.pod).initContainers ?? [];
  const isWaitingForInit = inits.length > 0 && !isInitialized(view, currentSandbox(view)?.id);
  const isFirst = inits[0] === container || ephemeralOf(specOf(view.pod)).includes(container);
  return isWaitingForInit && !isFirst ? 'PodInitializing' : 'ContainerCreating';
}

function isReady(view: PodView, container: Container, latest: Latest): boolean {
  const isInit = (specOf(view.pod).initContainers ?? []).includes(container) && !isSidecar(container);
  if (isInit) return latest.state === 'exited' && latest.termination?.exitCode === 0;
  if (ephemeralOf(specOf(view.pod)).includes(container)) return false;
  if (latest.status === undefined || !isStarted(view, container, latest)) return false;
  return view.probes.get(latest.status.id)?.isReady ?? container.readinessProbe === undefined;
}

function terminated(ended: Termination, runtime: string): ContainerStateTerminated {
  const state: ContainerStateTerminated = {
    exitCode: ended.exitCode,
    reason: ended.reason,
    startedAt: rfc3339(ended.startedAt),
    finishedAt: rfc3339(ended.finishedAt),
  };
  if (ended.message !== '') state.message = ended.message;
  return ended.id === '' ? state : { ...state, containerID: `${runtime}://${ended.id}` };
}
