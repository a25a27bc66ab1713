import type { ByteStream } from '../../shared/bus/byte-stream.ts';
import type { LogQuery } from '../../shared/logs.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';

/** Logs of a pod that the API serves, from wherever they are. */
export interface PodLogs {
  /** Text as `kubectl logs` prints it. Throws BadRequest or ServiceUnavailable before the first byte. Ends when the signal aborts. */
  read(pod: Stored<Pod>, container: string, query: LogQuery, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** The same for a pod that is no longer in the store; undefined when history knows nothing of it. */
  readDeleted(
    namespace: string,
    name: string,
    container: string | undefined,
    query: LogQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
}

export interface ExecRequest {
  container: string;
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Commands in running containers. */
export interface PodExec {
  /** The session speaks the channels of `v5.channel.k8s.io`; the last chunk on `error` is a Status JSON. */
  exec(pod: Stored<Pod>, request: ExecRequest, signal: AbortSignal): Promise<ByteStream>;
}
