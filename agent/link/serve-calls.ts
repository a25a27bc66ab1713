import type { Bus, BusHandler } from '../../shared/bus/bus.ts';
import type { ByteStream } from '../../shared/bus/byte-stream.ts';
import { checkNodeAttach, checkNodeExec, checkNodeForward, checkNodeLogs } from '../../shared/bus/check-messages.ts';
import { textOfError } from '../../shared/bus/error-reply.ts';
import type {
  NodeAttachRequest,
  NodeExecRequest,
  NodeForwardRequest,
  NodeLogsRequest,
} from '../../shared/bus/messages.ts';
import { openByteStream } from '../../shared/bus/nats-byte-stream.ts';
import { subjects, type DownVerb } from '../../shared/bus/subjects.ts';
import { ApiError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';

/** What a controller may ask of a node. The signal aborts when the caller is gone; what is thrown goes to the caller. */
export interface NodeCallHandlers {
  /** Writes text to `stdout`. */
  logs(request: NodeLogsRequest, stream: ByteStream, signal: AbortSignal): Promise<void>;
  /** Reads and writes all channels; the last chunk is a Status on `error`. */
  exec(request: NodeExecRequest, stream: ByteStream, signal: AbortSignal): Promise<void>;
  /** The same with the process of the container. */
  attach(request: NodeAttachRequest, stream: ByteStream, signal: AbortSignal): Promise<void>;
  /** Carries one TCP connection: `stdin` to the pod, `stdout` from it. */
  forward(request: NodeForwardRequest, stream: ByteStream, signal: AbortSignal): Promise<void>;
}

interface Deps {
  bus: Bus;
  data: Bus;
  node: string;
  handlers: NodeCallHandlers;
  log: Logger;
}

const maxSessions = 100;

/** Answers the controllers' calls to this node until the scope closes. */
export function serveCalls({ bus, data, node, handlers, log }: Deps, scope: Scope): void {
  const sessions = scope.child('calls');
  let open = 0;

  const start = async (
    session: string,
    work: (stream: ByteStream, call: Scope) => Promise<void>,
  ): Promise<Record<string, never>> => {
    if (open >= maxSessions) throw new ApiError('TooManyRequests', `node "${node}" has ${maxSessions} sessions open`);
    const call = sessions.child('call');
    const stream = openByteStream(data, {
      send: subjects.streamUp(node, session),
      receive: subjects.streamDown(node, session),
      signal: call.signal,
    });
    open += 1;
    // Not awaited by anybody: the call ends with its work, or with the caller.
    void run(stream, call, work, log).finally(() => {
      open -= 1;
    });
    // However the session ends, nobody wants the work any more.
    void stream.over.then(() => call.close());
    try {
      await data.flush({ signal: sessions.signal });
    } catch (error) {
      await call.close();
      throw error;
    }
    return {};
  };

  const serve = (verb: DownVerb, handler: BusHandler): void =>
    bus.serve(subjects.downCall(node, verb), handler, { signal: scope.signal });
  serve('logs', async (body) => {
    const request = checkNodeLogs(body);
    return start(request.session, (stream, call) => handlers.logs(request, stream, call.signal));
  });
  serve('exec', async (body) => {
    const request = checkNodeExec(body);
    return start(request.session, (stream, call) => handlers.exec(request, stream, call.signal));
  });
  serve('attach', async (body) => {
    const request = checkNodeAttach(body);
    return start(request.session, (stream, call) => handlers.attach(request, stream, call.signal));
  });
  serve('portforward', async (body) => {
    const request = checkNodeForward(body);
    return start(request.session, (stream, call) => handlers.forward(request, stream, call.signal));
  });
}

async function run(
  stream: ByteStream,
  call: Scope,
  work: (stream: ByteStream, call: Scope) => Promise<void>,
  log: Logger,
): Promise<void> {
  try {
    await work(stream, call);
    await stream.close();
  } catch (error) {
    if (!(error instanceof ApiError) && !call.signal.aborted) log.warn('call failed', { problem: messageOf(error) });
    await stream.close(textOfError(error));
  } finally {
    await call.close();
  }
}
