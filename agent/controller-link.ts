import type {
  EventReport,
  LogBatch,
  PodReport,
  RegisterReply,
  RegisterRequest,
  SamplesRequest,
} from '../shared/bus/messages.ts';
import type { KubeObject } from '../shared/objects/types.ts';

/** What the controller wants of this node, kept on disk, so that the agent goes on without it. */
export interface DesiredSet {
  get(key: string): KubeObject | undefined;
  /** Items whose key starts with `prefix`, as `pods/`. */
  list(prefix: string): KubeObject[];
  /** Keys that changed or went. One listener at most per prefix. */
  onChange(prefix: string, listener: (key: string) => void): void;
  /** True once it holds what the controller said at least once (from disk or from the bus). */
  readonly isLoaded: boolean;
}

/** The agent's side of its session with the controllers. */
export interface ControllerLink {
  readonly desired: DesiredSet;
  readonly isConnected: boolean;
  /** Introduces the node; retried until it succeeds or the signal aborts. */
  register(request: RegisterRequest, signal: AbortSignal): Promise<RegisterReply>;
  /** Keeps the newest report of each pod and sends it until it is acknowledged; never throws, never blocks. */
  report(report: PodReport): void;
  /** Sends events in batches; at most 1,000 wait, the oldest go first. */
  event(event: EventReport): void;
  /** One batch, acknowledged: the next wanted line number of each. Throws when nobody answers. */
  sendLogs(batches: LogBatch[], signal: AbortSignal): Promise<number[]>;
  /** One set of samples; lost when nobody listens. */
  sendSamples(samples: SamplesRequest): void;
}
