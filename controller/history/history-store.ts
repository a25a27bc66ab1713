import type { LogBatch } from '../../shared/bus/messages.ts';
import type { LogLine } from '../../shared/logs.ts';
import type { PodRecord } from '../../shared/objects/types.ts';

/** All lines of one container of one pod, over all its starts. */
export interface LogStream {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  /** Node that wrote it, and that alone may go on. */
  node: string;
  /** Number of the next line. */
  next: number;
  /** Attempt of the newest line. */
  lastAttempt: number;
  /** Milliseconds since the epoch of the last append. */
  changedAt: number;
}

export interface ReadOptions {
  /** Only lines of this start of the container. */
  attempt: number;
  /** Only the last so many. */
  tailLines?: number;
  /** Only lines from this time on, RFC 3339 in UTC. */
  sinceTime?: string;
}

/** Keeps container logs within a byte cap and an age; the oldest go first. An acknowledged line is on disk. */
export interface HistoryStore {
  /**
   * Appends what is not there yet, by line number; for each batch the number of the next wanted line. A batch that
   * starts beyond that is taken as it is: what is between was lost at the node.
   */
  appendLogs(node: string, batches: readonly LogBatch[]): Promise<number[]>;
  /** Streams of all pods that had this name, the newest first. */
  findStreams(namespace: string, pod: string): Promise<LogStream[]>;
  findStream(uid: string, container: string): Promise<LogStream | undefined>;
  /** Lines in order, in portions. */
  readLogs(uid: string, container: string, options: ReadOptions): AsyncIterable<LogLine[]>;
  /** Remembers which node ran these pods, for as long as logs are retained; again is no error and counts from now. */
  recordPods(pods: readonly PodRecord[]): Promise<void>;
  /** Those of the pods that are recorded. */
  findPods(uids: readonly string[]): Promise<PodRecord[]>;
  /** Waits for what was begun. A second close does nothing. */
  close(): Promise<void>;
}
