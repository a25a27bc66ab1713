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

/** Which channels of a session are used. */
export interface SessionChannels {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface AttachRequest extends SessionChannels {
  container: string;
}

export interface ExecRequest extends AttachRequest {
  command: string[];
}

/** Sessions with running containers. */
export interface PodExec {
  /** A command. The session speaks the channels of `v5.channel.k8s.io`; the last chunk on `error` is a Status JSON. */
  exec(pod: Stored<Pod>, request: ExecRequest, signal: AbortSignal): Promise<ByteStream>;
  /** The same with the container's own process. */
  attach(pod: Stored<Pod>, request: AttachRequest, signal: AbortSignal): Promise<ByteStream>;
  /** A TCP connection to a port of the pod: `stdin` goes there and `stdout` comes back, each with its own end. The session fails when nobody listens. */
  forward(pod: Stored<Pod>, port: number, signal: AbortSignal): Promise<ByteStream>;
}
