import type { LogLine, LogQuery } from '../logs.ts';
import type { Event, KubeObject, Node, PodStatus } from '../objects/types.ts';

/** What an agent should know: its pods, their tokens, and the config maps, secrets and service accounts that they name. */
export interface DesiredItem {
  /** `<resource>/<namespace>/<name>`, as `pods/default/web`. */
  key: string;
  object: KubeObject;
}

/** An agent asks for everything, at the start, after a reconnect, and after a gap or a wrong hash. */
export interface SyncRequest {
  /** First index into the items; 0 begins a new snapshot. The reply says where the next part starts. */
  from: number;
  /** The snapshot that `from` belongs to, absent at 0. */
  snapshot?: string;
}

export interface SyncReply {
  snapshot: string;
  /** Changes with the controller process: counters of different epochs are not comparable. */
  epoch: string;
  /** Counter of the last delta that the snapshot contains. */
  counter: number;
  items: DesiredItem[];
  /** Absent on the last part. */
  next?: number;
}

/** One change of the desired set. `previous` is the counter before it: any other value at the agent means a gap. */
export interface Delta {
  epoch: string;
  counter: number;
  previous: number;
  set?: DesiredItem[];
  /** Keys that are no longer wanted at all (the object is gone). A pod being deleted is `set` with its deletionTimestamp. */
  remove?: string[];
}

/** Every second. `counter` and `hash` let the controller see an agent that has missed something. */
export interface Heartbeat {
  epoch: string;
  counter: number;
  /** Pods the agent runs now. */
  pods: number;
}

/** An agent introduces itself, at the start and when any of this changes. */
export interface RegisterRequest {
  /** Labels, capacity, allocatable, addresses, nodeInfo and conditions as the agent sees them; `spec.taints` only the first time. */
  node: Node;
  /** Networks this host already routes: the pod network must not overlap with them. */
  routes: string[];
}

export interface RegisterReply {
  /** The node's pod network, kept for its life, as `10.90.3.0/24`. */
  podCIDR: string;
  clusterId: string;
}

/** What one pod looks like now. Last one wins; repeated until acknowledged. */
export interface PodReport {
  namespace: string;
  name: string;
  uid: string;
  status: PodStatus;
  /** Everything of a pod that was to be deleted has stopped and is cleaned up: the object may go. */
  finished?: true;
}

export interface StatusRequest {
  pods: PodReport[];
}

/** Uids the controller does not know (any more): the agent stops and forgets these pods. */
export interface StatusReply {
  unknown: string[];
}

/** Something worth telling the user. `count` repeats of one event are one report. */
export interface EventReport {
  involved: { kind: string; namespace: string; name: string; uid: string; fieldPath?: string };
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface EventsRequest {
  events: EventReport[];
}

/** Lines of one container in order, numbered from 0 over its whole life, all attempts. */
export interface LogBatch {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  /** Number of the first line. */
  first: number;
  lines: LogLine[];
  /** Lines before `first` that were rotated away before they could be sent. */
  lost?: number;
}

export interface LogsRequest {
  batches: LogBatch[];
}

/** For each batch, in order: the number of the next line that is wanted. All below is stored. */
export interface LogsReply {
  next: number[];
}

export interface ContainerSample {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  cpuSeconds: number;
  workingSetBytes: number;
  /** Milliseconds since the epoch at which the container started. */
  startedAt: number;
}

export interface PodSample {
  namespace: string;
  pod: string;
  uid: string;
  receivedBytes: number;
  sentBytes: number;
}

export interface SamplesRequest {
  /** Milliseconds since the epoch. */
  at: number;
  containers: ContainerSample[];
  pods: PodSample[];
  node: { cpuSeconds: number; workingSetBytes: number; filesystemUsedBytes: number; filesystemSizeBytes: number };
}

/** A controller asks a node for a container's log; the bytes follow on the stream session. */
export interface NodeLogsRequest {
  session: string;
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  query: LogQuery;
}

/** A controller asks a node for the channels of a container's own process, on the stream session. */
export interface NodeAttachRequest {
  session: string;
  uid: string;
  container: string;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** A controller asks a node to run a command; the channels follow on the stream session. */
export interface NodeExecRequest extends NodeAttachRequest {
  command: string[];
}

/** A controller asks a node for a TCP connection to a pod: `stdin` goes there, `stdout` comes back, each has its own end. */
export interface NodeForwardRequest {
  session: string;
  uid: string;
  port: number;
}

export type { Event };
