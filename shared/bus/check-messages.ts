import { ApiError } from '../errors.ts';
import type { NodeCondition, PodStatus } from '../objects/types.ts';
import {
  asCount,
  asFields,
  asFlag,
  asList,
  asName,
  asNumber,
  asOneOf,
  asText,
  asTime,
  optional,
  type Fields,
} from './check-values.ts';
import type {
  ContainerSample,
  EventReport,
  EventsRequest,
  Heartbeat,
  LogBatch,
  LogsRequest,
  NodeAttachRequest,
  NodeExecRequest,
  NodeForwardRequest,
  NodeLogsRequest,
  PodReport,
  PodSample,
  SamplesRequest,
  StatusRequest,
  SyncRequest,
} from './messages.ts';
import type { LogLine, LogQuery } from '../logs.ts';

/**
 * What arrives on the bus is anybody's text until it went through here. Each check returns only the fields it knows and
 * throws BadRequest for the rest of what can be wrong.
 */
export function checkSync(body: unknown): SyncRequest {
  const { from, snapshot } = asFields(body, 'sync');
  return { from: asCount(from, 'from'), snapshot: optional(snapshot, 'snapshot', asText) };
}

export function checkHeartbeat(body: unknown): Heartbeat {
  const { epoch, counter, pods } = asFields(body, 'heartbeat');
  return { epoch: asText(epoch, 'epoch', 64), counter: asCount(counter, 'counter'), pods: asCount(pods, 'pods') };
}

export function checkStatus(body: unknown): StatusRequest {
  return { pods: asList(asFields(body, 'status').pods, 'pods', 1000, checkReport) };
}

function checkReport(value: unknown, where: string): PodReport {
  const report = asFields(value, where);
  const finished = optional(report.finished, `${where}.finished`, asFlag) === true;
  return {
    namespace: asName(report.namespace, `${where}.namespace`),
    name: asName(report.name, `${where}.name`),
    uid: asText(report.uid, `${where}.uid`, 64),
    status: checkPodStatus(report.status, `${where}.status`),
    ...(finished && { finished }),
  };
}

const phases = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const;
const podTexts = ['message', 'reason', 'hostIP', 'podIP', 'qosClass'] as const;
const podLists = [
  'hostIPs',
  'podIPs',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
] as const;

function checkPodStatus(value: unknown, where: string): PodStatus {
  const given = asFields(value, where);
  const status: Fields = {
    phase: asOneOf(given.phase, phases, `${where}.phase`),
    conditions: asList(given.conditions ?? [], `${where}.conditions`, 64, checkCondition),
  };
  for (const field of podTexts) {
    if (given[field] !== undefined) status[field] = asText(given[field], `${where}.${field}`, 32_768);
  }
  if (given.startTime !== undefined) status.startTime = asTime(given.startTime, `${where}.startTime`);
  for (const field of podLists) {
    if (given[field] !== undefined) status[field] = asList(given[field], `${where}.${field}`, 256, asFields);
  }
  return status as PodStatus;
}

/** Conditions of pods and nodes have the same shape. */
export function checkCondition(value: unknown, where: string): NodeCondition {
  const condition = asFields(value, where);
  const text = (field: string): string | undefined => optional(condition[field], `${where}.${field}`, asLongText);
  return {
    type: asText(condition.type, `${where}.type`, 316),
    status: asOneOf(condition.status, ['True', 'False', 'Unknown'], `${where}.status`),
    reason: text('reason'),
    message: text('message'),
    lastTransitionTime: optional(condition.lastTransitionTime, `${where}.lastTransitionTime`, asTime),
  };
}

const asLongText = (value: unknown, where: string): string => asText(value, where, 32_768);

export function checkEvents(body: unknown): EventsRequest {
  return { events: asList(asFields(body, 'events').events, 'events', 1000, checkEvent) };
}

function checkEvent(value: unknown, where: string): EventReport {
  const event = asFields(value, where);
  const involved = asFields(event.involved, `${where}.involved`);
  return {
    involved: {
      kind: asOneOf(involved.kind, ['Pod', 'Node'], `${where}.involved.kind`),
      namespace: asText(involved.namespace, `${where}.involved.namespace`, 63),
      name: asName(involved.name, `${where}.involved.name`),
      uid: asText(involved.uid, `${where}.involved.uid`, 64),
      fieldPath: optional(involved.fieldPath, `${where}.involved.fieldPath`, asText),
    },
    type: asOneOf(event.type, ['Normal', 'Warning'], `${where}.type`),
    reason: asText(event.reason, `${where}.reason`, 128),
    message: asLongText(event.message, `${where}.message`).slice(0, 4096),
    at: asNumber(event.at, `${where}.at`),
  };
}

export function checkLogs(body: unknown): LogsRequest {
  return { batches: asList(asFields(body, 'logs').batches, 'batches', 1000, checkBatch) };
}

function checkBatch(value: unknown, where: string): LogBatch {
  const batch = asFields(value, where);
  return {
    ...checkContainer(batch, where),
    first: asCount(batch.first, `${where}.first`),
    lines: asList(batch.lines, `${where}.lines`, 100_000, checkLine),
    lost: optional(batch.lost, `${where}.lost`, asCount),
  };
}

function checkContainer(
  value: Fields,
  where: string,
): { namespace: string; pod: string; uid: string; container: string } {
  return { ...checkPod(value, where), container: asName(value.container, `${where}.container`) };
}

function checkPod(value: Fields, where: string): { namespace: string; pod: string; uid: string } {
  return {
    namespace: asName(value.namespace, `${where}.namespace`),
    pod: asName(value.pod, `${where}.pod`),
    uid: asText(value.uid, `${where}.uid`, 64),
  };
}

function checkLine(value: unknown, where: string): LogLine {
  const { time, stream, attempt, text } = asFields(value, where);
  return {
    time: asText(time, `${where}.time`, 40),
    stream: asOneOf(stream, ['stdout', 'stderr'], `${where}.stream`),
    attempt: asCount(attempt, `${where}.attempt`),
    text: asText(text, `${where}.text`, 1024 * 1024),
  };
}

export function checkSamples(body: unknown): SamplesRequest {
  const samples = asFields(body, 'samples');
  const node = asFields(samples.node, 'node');
  return {
    at: asNumber(samples.at, 'at'),
    containers: asList(samples.containers, 'containers', 10_000, checkContainerSample),
    pods: asList(samples.pods, 'pods', 10_000, checkPodSample),
    node: {
      cpuSeconds: asNumber(node.cpuSeconds, 'node.cpuSeconds'),
      workingSetBytes: asNumber(node.workingSetBytes, 'node.workingSetBytes'),
      filesystemUsedBytes: asNumber(node.filesystemUsedBytes, 'node.filesystemUsedBytes'),
      filesystemSizeBytes: asNumber(node.filesystemSizeBytes, 'node.filesystemSizeBytes'),
    },
  };
}

function checkContainerSample(value: unknown, where: string): ContainerSample {
  const sample = asFields(value, where);
  return {
    ...checkContainer(sample, where),
    cpuSeconds: asNumber(sample.cpuSeconds, `${where}.cpuSeconds`),
    workingSetBytes: asNumber(sample.workingSetBytes, `${where}.workingSetBytes`),
    startedAt: asNumber(sample.startedAt, `${where}.startedAt`),
  };
}

function checkPodSample(value: unknown, where: string): PodSample {
  const sample = asFields(value, where);
  return {
    ...checkPod(sample, where),
    receivedBytes: asNumber(sample.receivedBytes, `${where}.receivedBytes`),
    sentBytes: asNumber(sample.sentBytes, `${where}.sentBytes`),
  };
}

export function checkNodeLogs(body: unknown): NodeLogsRequest {
  const request = asFields(body, 'logs');
  const query = asFields(request.query, 'query');
  const checked: LogQuery = {
    follow: optional(query.follow, 'query.follow', asFlag),
    previous: optional(query.previous, 'query.previous', asFlag),
    tailLines: optional(query.tailLines, 'query.tailLines', asCount),
    sinceTime: optional(query.sinceTime, 'query.sinceTime', asText),
    timestamps: optional(query.timestamps, 'query.timestamps', asFlag),
    limitBytes: optional(query.limitBytes, 'query.limitBytes', asCount),
  };
  return { ...checkContainer(request, 'logs'), session: checkSession(request.session), query: checked };
}

export function checkNodeExec(body: unknown): NodeExecRequest {
  const { command } = asFields(body, 'exec');
  return {
    ...checkNodeAttach(body),
    command: asList(command, 'command', 10_000, (part, where) => asText(part, where, 131_072)),
  };
}

export function checkNodeForward(body: unknown): NodeForwardRequest {
  const request = asFields(body, 'portforward');
  const port = asCount(request.port, 'port');
  if (port < 1 || port > 65_535) throw new ApiError('BadRequest', 'port: must be from 1 to 65535');
  return { session: checkSession(request.session), uid: asText(request.uid, 'uid', 64), port };
}

export function checkNodeAttach(body: unknown): NodeAttachRequest {
  const request = asFields(body, 'session');
  return {
    session: checkSession(request.session),
    uid: asText(request.uid, 'uid', 64),
    container: asName(request.container, 'container'),
    stdin: asFlag(request.stdin, 'stdin'),
    stdout: asFlag(request.stdout, 'stdout'),
    stderr: asFlag(request.stderr, 'stderr'),
    tty: asFlag(request.tty, 'tty'),
  };
}

/** A session becomes part of a subject: it must not be a pattern or another subject. */
function checkSession(value: unknown): string {
  const session = asText(value, 'session', 64);
  if (!/^[0-9a-f]{32}$/.test(session)) throw new ApiError('BadRequest', 'session: must be 32 hex digits');
  return session;
}
