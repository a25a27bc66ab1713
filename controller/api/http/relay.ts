import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError, hasReason, messageOf } from '../../../shared/errors.ts';
import { http } from '../../../shared/http.ts';
import { endToEndHeaders, forwardedHeaders, relocate } from './relay-headers.ts';
import type { RelayReply } from './reply.ts';
import { drained } from './send.ts';

interface Relaying {
  message: IncomingMessage;
  response: ServerResponse;
  reply: RelayReply;
  /** Bytes that came with a request for another protocol. */
  head: Buffer | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/** As long as those that this server reads. */
const maxHeaderSize = 64 * 1024;

/**
 * Hands a request on to another server, and its answer back, each as it comes. Throws ServiceUnavailable or Timeout
 * when no answer has begun; what breaks later breaks the connection. Resolves with the code of the answer.
 */
export async function relay(relaying: Relaying): Promise<number> {
  const { signal } = relaying;
  const connection = await relaying.reply.connect().catch((error: unknown) => {
    throw unreachable(error);
  });
  const stop = (): void => void connection.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await exchange(relaying, connection);
  } finally {
    signal.removeEventListener('abort', stop);
    connection.destroy();
  }
}

async function exchange(relaying: Relaying, connection: Duplex): Promise<number> {
  const { message, reply, head } = relaying;
  const request = http.request({
    createConnection: () => connection,
    method: message.method,
    path: reply.path,
    headers: requestHeaders(message, head !== undefined),
    setHost: false,
    maxHeaderSize,
    // Programs end their lines as they like, and on a connection for one answer nothing else can be slipped in.
    insecureHTTPParser: true,
  });
  const answered = answerOf(request);
  // Its end, whatever it is, shows in the answer.
  const sent = pipeline(message, request).catch(() => undefined);
  const answer = await answered;
  if (answer.tunnel !== undefined) return tunnel(relaying, answer.message, answer.tunnel);
  const code = await pass(relaying, answer.message);
  request.destroy();
  await sent;
  return code;
}

function requestHeaders(message: IncomingMessage, isUpgrade: boolean): OutgoingHttpHeaders {
  const { headers } = message;
  return {
    ...endToEndHeaders(message),
    ...forwardedHeaders(message),
    ...(headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    ...(isUpgrade && { connection: 'Upgrade', upgrade: headers.upgrade }),
  };
}

/** The answer to a request, or what the connection has become. */
function answerOf(request: ClientRequest): Promise<{ message: IncomingMessage; tunnel?: Buffer }> {
  return new Promise((resolve, reject) => {
    request.once('response', (message) => resolve({ message }));
    request.once('upgrade', (message, _socket, tunnel) => resolve({ message, tunnel }));
    request.on('error', (error) => reject(unreachable(error)));
  });
}

function unreachable(error: unknown): ApiError {
  const reason = hasReason(error, 'Timeout') ? 'Timeout' : 'ServiceUnavailable';
  return new ApiError(reason, `error trying to reach service: ${messageOf(error)}`, {}, { cause: error });
}

/** Writes an answer as it comes; a reader that takes nothing ends it. */
async function pass({ message, response, reply, clock, signal }: Relaying, answer: IncomingMessage): Promise<number> {
  const code = answer.statusCode ?? 502;
  const headers = relocate(endToEndHeaders(answer), reply.prefix);
  if (!message.complete) headers['connection'] = 'close';
  try {
    response.writeHead(code, answer.statusMessage ?? '', headers);
  } catch (error) {
    throw unreachable(error); // a header that may not be sent
  }
  response.flushHeaders();
  try {
    for await (const chunk of answer) {
      if (signal.aborted || response.destroyed) break;
      if (!response.write(chunk) && !(await drained(response, clock))) throw new Error('the reader takes nothing');
    }
    if (!response.destroyed) await new Promise<void>((resolve) => response.end(resolve));
  } catch {
    // Only a broken connection tells a client that an answer is not whole.
    response.destroy();
  }
  return code;
}

/** Two connections become one, until either ends. */
async function tunnel({ response, head, reply }: Relaying, answer: IncomingMessage, first: Buffer): Promise<number> {
  const { socket } = response;
  if (socket === null) return 502;
  response.detachSocket(socket);
  const connection = answer.socket;
  const lines = Object.entries(relocate(endToEndHeaders(answer), reply.prefix)).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${String(each)}`),
  );
  const protocol = `connection: Upgrade\r\nupgrade: ${answer.headers.upgrade ?? ''}`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${[...lines, protocol].join('\r\n')}\r\n\r\n`);
  socket.write(first);
  connection.write(head ?? Buffer.alloc(0));
  await Promise.allSettled([pipeline(socket, connection), pipeline(connection, socket)]);
  socket.destroy();
  return 101;
}
