/**
 * The line between controllers and agents. At most once: a message may be lost, doubled or late, and whoever needs more
 * counts and asks again. Bodies are JSON. The one implementation is nats-bus.ts.
 */
export interface Bus {
  /** Publishes and forgets. */
  publish(subject: string, body: unknown): void;
  publishBytes(subject: string, bytes: Uint8Array): void;
  /**
   * Asks and waits for the one answer. Throws the ApiError that the other side threw; ServiceUnavailable when nobody
   * listens or the line is down or goes down; Timeout after the limit; the signal's reason when it aborts.
   */
  request<T>(subject: string, body: unknown, options?: WaitOptions): Promise<T>;
  /**
   * Answers requests until the signal aborts. What the handler throws goes back as an ApiError. Members of one `queue`
   * share the work. A request whose answer would go anywhere but below `inboxOf` its subject is dropped: who may write
   * less than the server must not have it write.
   */
  serve(subject: string, handler: BusHandler, options: ServeOptions): void;
  /** Messages of a subject pattern until the signal aborts. The subscription is active when the call returns. */
  subscribe(subject: string, signal: AbortSignal): AsyncIterable<BusMessage>;
  /** True while connected. */
  readonly isConnected: boolean;
  /** Called at every (re)connect after the first, until the signal aborts; what was sent before may be lost. */
  onReconnect(listener: () => void, signal?: AbortSignal): void;
  /** Called whenever the connection is lost, until the signal aborts. */
  onDisconnect(listener: () => void, signal?: AbortSignal): void;
  /** Waits until the server has seen all that was published. Throws as `request` does. */
  flush(options?: WaitOptions): Promise<void>;
  /** Ends the connection and every wait on it, at once. */
  close(): Promise<void>;
}

/** What a wait ends with, beside its result and the connection. */
export interface WaitOptions {
  /** Default 10 s. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ServeOptions {
  queue?: string;
  /** The prefix of answers to whoever may ask on this subject. Absent: the asker is trusted. */
  inboxOf?: (subject: string) => string;
  signal: AbortSignal;
}

/** `body` is whatever the sender wrote: check it (messages.ts) before use. `subject` tells who may have sent it. */
export type BusHandler = (body: unknown, subject: string) => Promise<unknown>;

export interface BusMessage {
  subject: string;
  bytes: Uint8Array;
  /** Parsed JSON of `bytes`; throws BadRequest on garbage. */
  json(): unknown;
}
