import { rfc3339 } from '../../shared/clock.ts';
import { qosClassOf } from '../../shared/objects/pod-requests.ts';
import type { ContainerStatus, PodCondition, PodStatus } from '../../shared/objects/types.ts';
import { containerStatusOf } from './container-status.ts';
import {
  type Outcome,
  type PodView,
  allContainers,
  currentSandbox,
  ephemeralOf,
  isEvicted,
  isInitDone,
  isInitialized,
  latestOf,
  outcomeOf,
  specOf,
} from './pod-view.ts';
import { sizeChangeOf } from './size-change.ts';
import { resizeKey } from './step.ts';

export interface StatusFacts {
  hostIP: string;
  /** Scheme of container ids: the driver's name. */
  runtime: string;
}

const resizeConditions = ['PodResizePending', 'PodResizeInProgress'] as const;
/** Whoever ends the pod says why by it. */
const disrupted = 'DisruptionTarget';
/** Conditions that this node decides; all others are passed on as they came. */
const ownConditions: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  ...resizeConditions,
];

/** The whole status of a pod, from what is observed; times of transitions come from the last status. */
export function podStatus(view: PodView, facts: StatusFacts): PodStatus {
  const spec = specOf(view.pod);
  const outcome = outcomeOf(view);
  const containerStatuses = spec.containers.map((each) => containerStatusOf(view, each, facts.runtime));
  const initStatuses = (spec.initContainers ?? []).map((each) => containerStatusOf(view, each, facts.runtime));
  const ip = podIPOf(view, facts);
  const status: PodStatus = {
    phase: outcome ?? phaseOf(view),
    conditions: conditionsOf(view, outcome, [...containerStatuses, ...initStatuses]),
    ...view.record.failure,
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    startTime: rfc3339(view.record.startTime),
    containerStatuses,
    qosClass: qosClassOf(spec),
  };
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  const debugStatuses = ephemeralOf(spec).map((each) => containerStatusOf(view, each, facts.runtime));
  if (debugStatuses.length > 0) status.ephemeralContainerStatuses = debugStatuses;
  return ip === '' ? status : { ...status, podIP: ip, podIPs: [{ ip }] };
}

/** The pod's address; the host's with host network; the last known one once the sandbox is gone. */
export function podIPOf(view: PodView, { hostIP }: Pick<StatusFacts, 'hostIP'>): string {
  const sandbox = currentSandbox(view);
  if (sandbox === undefined) return view.record.status?.podIP ?? '';
  return specOf(view.pod).hostNetwork === true ? hostIP : sandbox.ip;
}

function phaseOf(view: PodView): 'Pending' | 'Running' {
  if (view.record.status?.phase === 'Running') return 'Running';
  const { containers } = specOf(view.pod);
  const haveStarted = containers.every(({ name }) => {
    const { state } = latestOf(view, name);
    return state === 'running' || state === 'exited';
  });
  return containers.length > 0 && haveStarted ? 'Running' : 'Pending';
}

type Judgement = Pick<PodCondition, 'status' | 'reason' | 'message'>;

/** Of a pod whose resources were changed, while they are not in force. */
function judgeResize(view: PodView): [string, Judgement][] {
  const judged: [string, Judgement][] = [];
  const [pending, inProgress] = resizeConditions;
  if (view.resizeRefusal !== undefined) judged.push([pending, { status: 'True', ...view.resizeRefusal }]);
  const containers = allContainers(specOf(view.pod)).filter((container) => sizeChangeOf(view, container) !== undefined);
  if (containers.length === 0) return judged;
  const error = containers.map(({ name }) => view.holds.get(resizeKey(name))).find((hold) => hold !== undefined);
  const why = error === undefined ? {} : { reason: 'Error', message: error.message };
  return [...judged, [inProgress, { status: 'True', ...why }]];
}

function judgeEviction({ record }: PodView): [string, Judgement] {
  return [disrupted, { status: 'True', reason: 'TerminationByKubelet', message: record.failure?.message ?? '' }];
}

const isTrue: Judgement = { status: 'True' };

function conditionsOf(view: PodView, outcome: Outcome | undefined, statuses: ContainerStatus[]): PodCondition[] {
  const spec = specOf(view.pod);
  const own = isEvicted(view.record) ? [...ownConditions, disrupted] : ownConditions;
  const foreign = (view.pod.status?.conditions ?? []).filter(({ type }) => !own.includes(type));
  const containersReady = judgeContainers(view, outcome, statuses);
  const judged: [string, Judgement][] = [
    ['PodReadyToStartContainers', { status: currentSandbox(view) === undefined ? 'False' : 'True' }],
    ['Initialized', judgeInit(view, outcome)],
    ['Ready', judgeReady(containersReady, foreign, spec.readinessGates ?? [])],
    ['ContainersReady', containersReady],
    ...(outcome === undefined && view.end === undefined ? judgeResize(view) : []),
    ...(isEvicted(view.record) ? [judgeEviction(view)] : []),
  ];
  const dates = judged.map(([type, judgement]) => dated(view, type, judgement));
  const isScheduled = foreign.some(({ type }) => type === 'PodScheduled');
  return [...dates, ...foreign, ...(isScheduled ? [] : [dated(view, 'PodScheduled', isTrue)])];
}

/** Keeps the time of the last change of this condition. */
function dated(view: PodView, type: string, judgement: Judgement): PodCondition {
  const before = view.record.status?.conditions?.find((condition) => condition.type === type);
  const isSame = before !== undefined && before.status === judgement.status;
  const { status, reason, message } = judgement;
  const condition: PodCondition = { type, status };
  if (reason !== undefined) condition.reason = reason;
  if (message !== undefined) condition.message = message;
  return { ...condition, lastTransitionTime: isSame ? before.lastTransitionTime : rfc3339(view.now) };
}

function judgeInit(view: PodView, outcome: Outcome | undefined): Judgement {
  if (outcome === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const inits = specOf(view.pod).initContainers ?? [];
  const sandbox = currentSandbox(view)?.id;
  if (inits.length === 0 || isInitialized(view, sandbox)) return isTrue;
  if (outcome !== undefined && view.record.status?.phase === 'Running') return isTrue;
  const open = inits.filter((init) => !isInitDone(view, init, sandbox)).map(({ name }) => name);
  const message = `containers with incomplete status: [${open.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function judgeContainers(view: PodView, outcome: Outcome | undefined, statuses: ContainerStatus[]): Judgement {
  if (outcome === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (outcome === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = (specOf(view.pod).initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const counted = [...specOf(view.pod).containers, ...sidecars].map(({ name }) => name);
  const unready = statuses.filter(({ name, ready }) => counted.includes(name) && !ready).map(({ name }) => name);
  if (unready.length === 0) return isTrue;
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotReady', message };
}

function judgeReady(
  containersReady: Judgement,
  foreign: readonly PodCondition[],
  gates: readonly { conditionType: string }[],
): Judgement {
  if (containersReady.status !== 'True') return containersReady;
  const closed = gates.flatMap(({ conditionType: type }) => {
    const status = foreign.find((one) => one.type === type)?.status;
    if (status === undefined) return `corresponding condition of pod readiness gate "${type}" does not exist.`;
    return status === 'True' ? [] : `the status of pod readiness gate "${type}" is not "True", but ${status}`;
  });
  if (closed.length === 0) return isTrue;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: closed.join(', ') };
}
