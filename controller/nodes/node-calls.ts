import { randomBytes } from 'node:crypto';
import type { Bus } from '../../shared/bus/bus.ts';
import { channel, type ByteStream, type Chunk } from '../../shared/bus/byte-stream.ts';
import type { NodeAttachRequest, NodeExecRequest, NodeLogsRequest } from '../../shared/bus/messages.ts';
import { openByteStream } from '../../shared/bus/nats-byte-stream.ts';
import { subjects, type DownVerb } from '../../shared/bus/subjects.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { LogQuery } from '../../shared/logs.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';

/** What to run, as the API has it. */
export type ExecCall = Omit<NodeExecRequest, 'session' | 'uid'>;

/** What to attach to, as the API has it. */
export type AttachCall = Omit<NodeAttachRequest, 'session' | 'uid'>;

interface Deps {
  /** For questions. */
  bus: Bus;
  /** For sessions of bytes: another connection, so that heartbeats do not wait behind them. */
  data: Bus;
}

const answerWithinMs = 10_000;
/** A request that cannot be served says so within this; later errors end the stream. */
const earlyErrorMs = 250;

/** What the controller asks a node that runs a pod. */
export class NodeCalls {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** The text of a container's log, from the node. Throws what the node says, ServiceUnavailable when it is silent. */
  async logs(
    pod: Stored<Pod>,
    container: string,
    query: LogQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { namespace = '', name, uid } = pod.metadata;
    const request: Omit<NodeLogsRequest, 'session'> = { namespace, pod: name, uid, container, query };
    const lifetime = scopeOf(signal);
    const chunks = (await this.#open(pod, 'logs', request, lifetime))[Symbol.asyncIterator]();
    const first = chunks.next();
    first.catch(() => undefined); // it is waited for below, or by the reader
    try {
      await Promise.race([first, pause(earlyErrorMs)]);
    } catch (error) {
      await lifetime.close();
      throw error;
    }
    return output(chunks, first, lifetime);
  }

  /** A command in a running container; the session is the caller's to close. */
  exec(pod: Stored<Pod>, call: ExecCall, signal: AbortSignal): Promise<ByteStream> {
    return this.#open(pod, 'exec', { ...call, uid: pod.metadata.uid }, scopeOf(signal));
  }

  /** The streams of a running container; the session is the caller's to close. */
  attach(pod: Stored<Pod>, call: AttachCall, signal: AbortSignal): Promise<ByteStream> {
    return this.#open(pod, 'attach', { ...call, uid: pod.metadata.uid }, scopeOf(signal));
  }

  /** A TCP connection to a port of the pod, both ways; the session is the caller's to close. */
  forward(pod: Stored<Pod>, port: number, signal: AbortSignal): Promise<ByteStream> {
    return this.#open(pod, 'portforward', { port, uid: pod.metadata.uid }, scopeOf(signal));
  }

  async #open(pod: Stored<Pod>, verb: DownVerb, request: object, lifetime: Scope): Promise<ByteStream> {
    const { bus, data } = this.#deps;
    const node = pod.spec?.nodeName ?? '';
    const session = randomBytes(16).toString('hex');
    const stream = openByteStream(data, {
      send: subjects.streamDown(node, session),
      receive: subjects.streamUp(node, session),
      signal: lifetime.signal,
    });
    try {
      if (node === '') throw new ApiError('BadRequest', `pod "${pod.metadata.name}" is not on a node yet`);
      const options = { timeoutMs: answerWithinMs, signal: lifetime.signal };
      await data.flush(options);
      await bus.request(subjects.downCall(node, verb), { ...request, session }, options);
      return stream;
    } catch (error) {
      await lifetime.close();
      if (!hasReason(error, 'Timeout') && !hasReason(error, 'ServiceUnavailable')) throw error;
      throw new ApiError(
        'ServiceUnavailable',
        `node "${node}" does not answer: ${error.message}`,
        {},
        { cause: error },
      );
    }
  }
}

/** Closes with the caller's signal, or before it. */
function scopeOf(signal: AbortSignal): Scope {
  const scope = new Scope('node call');
  const close = (): void => void scope.close();
  signal.addEventListener('abort', close, { once: true, signal: scope.signal });
  if (signal.aborted) close();
  return scope;
}

async function* output(
  chunks: AsyncIterator<Chunk>,
  first: Promise<IteratorResult<Chunk>>,
  lifetime: Scope,
): AsyncGenerator<Uint8Array, void> {
  try {
    for (let next = await first; next.done !== true; next = await chunks.next()) {
      const { value } = next;
      if (value.channel === channel.stdout && value.bytes.length > 0) yield value.bytes;
    }
  } finally {
    await lifetime.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
