import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from '../../../shared/objects/types.ts';
import { ageOf } from '../../../shared/age.ts';

/** The columns of a pod that its containers decide, in the words that kubectl users know. */
export interface PodSummary {
  ready: string;
  status: string;
  restarts: string;
}

interface Tally {
  reason: string;
  ready: number;
  restarts: Restarts;
}

interface Restarts {
  count: number;
  /** When the last one ended, RFC 3339; '' when unknown. */
  last: string;
}

export function summarize(pod: Pod, now: number): PodSummary {
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const init = tallyInit(pod, sidecars);
  const isInitialized = init.reason === '' || hasCondition(pod, 'Initialized', 'True');
  const { ready, restarts, reason } = isInitialized ? tallyMain(pod, init, sidecars) : init;
  const total = (pod.spec?.containers.length ?? 0) + sidecars.size;
  return { ready: `${ready}/${total}`, status: overridden(pod, reason), restarts: showRestarts(restarts, now) };
}

/** A deletion shows unless the pod has ended; one whose node is lost is in a state that nobody knows. */
function overridden({ metadata, status }: Pod, reason: string): string {
  if (metadata?.deletionTimestamp === undefined) return reason;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? reason : 'Terminating';
}

function phaseReason({ status }: Pod): string {
  const isGated = status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  if (isGated) return 'SchedulingGated';
  return status?.reason || status?.phase || 'Unknown';
}

/** Init containers in their order up to the first that is not done; `reason` is '' when all are. */
function tallyInit({ spec, status }: Pod, sidecars: ReadonlySet<string>): Tally {
  const statuses = status?.initContainerStatuses ?? [];
  const total = spec?.initContainers?.length ?? 0;
  let ready = 0;
  for (const [at, container] of statuses.entries()) {
    const isRunningSidecar = sidecars.has(container.name) && container.started === true;
    if (isRunningSidecar && container.ready) ready += 1;
    if (isRunningSidecar || container.state?.terminated?.exitCode === 0) continue;
    const restarts = restartsOf(statuses.slice(0, at + 1));
    return { reason: initReason(container, `${at}/${total}`), ready, restarts };
  }
  return { reason: '', ready, restarts: restartsOf(statuses) };
}

function initReason({ state }: ContainerStatus, progress: string): string {
  if (state?.terminated) return `Init:${endOf(state.terminated)}`;
  const waiting = state?.waiting?.reason ?? '';
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${progress}`;
}

/** Once initialized, the containers decide; of the init containers only the sidecars count on. */
function tallyMain(pod: Pod, init: Tally, sidecars: ReadonlySet<string>): Tally {
  const statuses = pod.status?.containerStatuses ?? [];
  const isUp = ({ ready, state }: ContainerStatus): boolean =>
    ready && state?.running !== undefined && !state.waiting?.reason;
  const running = statuses.filter((container) => isUp(container) && !container.state?.terminated).length;
  const first = statuses.map(troubleOf).find((reason) => reason !== '');
  const reason = first ?? (init.reason || phaseReason(pod));
  const counted = (pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  const restarts = restartsOf([...counted, ...statuses]);
  const stillRuns = hasCondition(pod, 'Ready', 'True') ? 'Running' : 'NotReady';
  return { reason: reason === 'Completed' && running > 0 ? stillRuns : reason, ready: init.ready + running, restarts };
}

/** Why a container does not run; '' when it does. */
function troubleOf({ state }: ContainerStatus): string {
  if (state?.waiting?.reason) return state.waiting.reason;
  return state?.terminated ? endOf(state.terminated) : '';
}

function endOf({ reason, signal, exitCode }: ContainerStateTerminated): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function restartsOf(statuses: readonly ContainerStatus[]): Restarts {
  const ends = statuses.map(({ lastState }) => lastState?.terminated?.finishedAt ?? '');
  const count = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  return { count, last: ends.reduce((latest, end) => (end > latest ? end : latest), '') };
}

function showRestarts({ count, last }: Restarts, now: number): string {
  return count > 0 && last !== '' ? `${count} (${ageOf(last, now)} ago)` : String(count);
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

function hasCondition({ status }: Pod, wanted: string, value: string): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === wanted && is === value) ?? false;
}
