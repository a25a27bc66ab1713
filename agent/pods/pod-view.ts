import type { Container, EphemeralContainer, Pod, PodSpec, PodStatus, Stored } from '../../shared/objects/types.ts';
import type { ContainerId, ContainerStatus, SandboxId, SandboxStatus } from '../runtime/driver.ts';
import type { ContainerRecord, PodRecord, Termination } from './pod-record.ts';

/** Why something is not tried again yet. */
export interface Hold {
  /** As a container's waiting reason says it. */
  reason: string;
  message: string;
  failures: number;
  since: number;
  until: number;
}

/** What the probes of one running container say. */
export interface ProbeVerdict {
  /** The startup probe succeeded, or there is none. */
  isStarted: boolean;
  isReady: boolean;
  /** Set when the container must be killed: which probe failed, and the grace it gives. */
  failed?: { probe: 'liveness' | 'startup'; graceMs?: number };
}

/** The pod is to end: by deletion, by its deadline, or because nobody wants it here. */
export interface PodEnd {
  since: number;
  graceMs: number;
  /** Whether everything of the pod is removed afterwards. */
  removes: boolean;
}

/** Why the pod does not get the resources that it asks for now. */
export interface ResizeRefusal {
  /** The node may have room later, or never. */
  reason: 'Deferred' | 'Infeasible';
  message: string;
}

/** All that a plan and a status are made from. Plain values of one moment. */
export interface PodView {
  /** With the resources that are granted. */
  pod: Stored<Pod>;
  record: Readonly<PodRecord>;
  sandboxes: readonly SandboxStatus[];
  containers: readonly ContainerStatus[];
  probes: ReadonlyMap<ContainerId, ProbeVerdict>;
  /** By step key. */
  holds: ReadonlyMap<string, Hold>;
  /** Keys of steps under way. */
  busy: ReadonlySet<string>;
  /** Running stops: when each of them kills. */
  stopping: ReadonlyMap<ContainerId, number>;
  areVolumesReady: boolean;
  resizeRefusal?: ResizeRefusal;
  end?: PodEnd;
  now: number;
}

/** The newest attempt of a container, observed or remembered. */
export interface Latest {
  state: 'none' | 'created' | 'running' | 'exited';
  attempt: number;
  sandbox?: SandboxId | '';
  status?: ContainerStatus;
  termination?: Termination;
}

export function specOf(pod: Stored<Pod>): PodSpec {
  return pod.spec ?? { containers: [] };
}

/** Containers that were added to look into the pod: each is started once, and counts for nothing else. */
export function ephemeralOf(spec: PodSpec): readonly EphemeralContainer[] {
  return spec.ephemeralContainers ?? [];
}

/** Containers of all three kinds. */
export function allContainers(spec: PodSpec): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []), ...ephemeralOf(spec)];
}

/** Reason of a pod that the node ended since it took more than it may. */
export const evicted = 'Evicted';
const evictionGraceMs = 1000;

/** The pod's own grace period; what is evicted goes at once, as with kubelets. */
export function graceMsOf({ pod, record }: PodView): number {
  if (isEvicted(record)) return evictionGraceMs;
  return (specOf(pod).terminationGracePeriodSeconds ?? 30) * 1000;
}

export function isEvicted({ failure }: Readonly<PodRecord>): boolean {
  return failure?.reason === evicted;
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** The sandbox the pod lives in now: the newest one that works. */
export function currentSandbox({ sandboxes }: PodView): SandboxStatus | undefined {
  return sandboxes.filter(({ isReady }) => isReady).sort((a, b) => b.attempt - a.attempt)[0];
}

export function recordOf({ record }: Pick<PodView, 'record'>, name: string): ContainerRecord | undefined {
  return record.containers[name];
}

export function latestOf(view: PodView, name: string): Latest {
  const record = recordOf(view, name);
  const status = view.containers.filter((container) => container.name === name).sort(newestFirst)[0];
  const attempt = Math.max(status?.attempt ?? -1, record?.attempt ?? -1);
  const termination = record?.ended.find((ended) => ended.attempt === attempt);
  if (attempt < 0) return { state: 'none', attempt };
  if (status === undefined || status.attempt < attempt) {
    return { state: 'exited', attempt, sandbox: termination?.sandbox ?? '', termination };
  }
  return { state: status.state, attempt, sandbox: status.sandbox, status, termination };
}

export function newestFirst(a: ContainerStatus, b: ContainerStatus): number {
  return b.attempt - a.attempt;
}

/** Says that the container is to run again after it ended so, back-off aside. Init containers that failed run again unless the pod never restarts. */
export function isRestarted(spec: PodSpec, container: Container, exitCode: number): boolean {
  if (ephemeralOf(spec).includes(container)) return false;
  if (isSidecar(container)) return true;
  const isInit = (spec.initContainers ?? []).includes(container);
  const policy = spec.restartPolicy ?? 'Always';
  if (isInit || policy === 'OnFailure') return policy !== 'Never' && exitCode !== 0;
  return policy === 'Always';
}

/** Says that all init containers have done their part in this sandbox, so that the others may run. */
export function isInitialized(view: PodView, sandbox: SandboxId | undefined): boolean {
  const spec = specOf(view.pod);
  if (spec.containers.some(({ name }) => isHere(latestOf(view, name), sandbox))) return true;
  return (spec.initContainers ?? []).every((init) => isInitDone(view, init, sandbox));
}

/** Says that this one init container has done its part: exited well, or started when it is a sidecar. */
export function isInitDone(view: PodView, init: Container, sandbox: SandboxId | undefined): boolean {
  const latest = latestOf(view, init.name);
  if (!isHere(latest, sandbox)) return false;
  if (isSidecar(init)) return latest.state === 'running' && isStarted(view, init, latest);
  return latest.state === 'exited' && latest.termination?.exitCode === 0;
}

function isHere(latest: Latest, sandbox: SandboxId | undefined): boolean {
  return latest.state !== 'none' && sandbox !== undefined && latest.sandbox === sandbox;
}

export function isStarted(view: PodView, container: Container, latest: Latest): boolean {
  if (latest.state !== 'running' || latest.status === undefined) return false;
  return view.probes.get(latest.status.id)?.isStarted ?? container.startupProbe === undefined;
}

export type Outcome = 'Succeeded' | 'Failed';

/** How the pod ended for good; undefined while anything may still run or run again. Once set it stays. */
export function outcomeOf(view: PodView): Outcome | undefined {
  const { record } = view;
  const phase = record.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return phase;
  if (record.failure !== undefined) return 'Failed';
  const spec = specOf(view.pod);
  if ((spec.initContainers ?? []).some((init) => isLastFailure(view, init))) return 'Failed';
  const latest = spec.containers.map((container) => ({ container, ...latestOf(view, container.name) }));
  const isOver = latest.every(
    ({ container, state, termination }) =>
      state === 'exited' && termination !== undefined && !isRestarted(spec, container, termination.exitCode),
  );
  if (spec.containers.length > 0 && isOver) {
    return latest.every(({ termination }) => termination?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  return isStranded(view) ? 'Failed' : undefined;
}

function isLastFailure(view: PodView, init: Container): boolean {
  if (isSidecar(init)) return false;
  const { state, termination } = latestOf(view, init.name);
  if (state !== 'exited' || termination === undefined || termination.exitCode === 0) return false;
  return !isRestarted(specOf(view.pod), init, termination.exitCode);
}

/** A pod that never restarts and has lost the sandbox in which it had begun. */
function isStranded(view: PodView): boolean {
  if (specOf(view.pod).restartPolicy !== 'Never' || currentSandbox(view) !== undefined) return false;
  if (view.busy.has('sandbox') || view.containers.some(({ state }) => state === 'running')) return false;
  return Object.values(view.record.containers).some(({ attempt }) => attempt >= 0);
}

/** Names of the containers that will not run again. */
export function endedContainers(view: PodView, status: PodStatus): Set<string> {
  const spec = specOf(view.pod);
  const isEnding = view.end !== undefined || outcomeOf(view) !== undefined;
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  const over = all.filter(({ name, state }) => {
    const container = allContainers(spec).find((one) => one.name === name);
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined || container === undefined) return isEnding && state?.running === undefined;
    return isEnding || !isRestarted(spec, container, exitCode);
  });
  return new Set(over.map(({ name }) => name));
}
