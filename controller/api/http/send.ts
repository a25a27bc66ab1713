import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Clock } from '../../../shared/clock.ts';
import { Scope } from '../../../shared/scope.ts';
import { encode } from './encoding.ts';
import type { BytesReply, JsonReply, StreamReply } from './reply.ts';

const compress = promisify(gzip);

/** Below this, compressing costs more than it saves on any network Berth runs in. */
const gzipFromBytes = 128 * 1024;
/** A reader that takes nothing for this long is gone. */
const stalledMs = 60_000;

/** Writes an answer of JSON values, in the format that its client wants. */
export async function sendJson(
  response: ServerResponse,
  reply: JsonReply,
  message: IncomingMessage,
  acceptsGzip: boolean,
): Promise<void> {
  const { body, contentType } = encode(reply.body, message);
  const isBig = acceptsGzip && body.byteLength >= gzipFromBytes;
  await sendBytes(
    response,
    {
      kind: 'bytes',
      code: reply.code,
      body,
      ...(isBig && { gzipped: await compress(body, { level: constants.Z_BEST_SPEED }) }),
      contentType,
      headers: { 'Cache-Control': 'no-cache, private', ...reply.headers },
    },
    acceptsGzip,
  );
}

/** Writes an answer that is ready. */
export async function sendBytes(response: ServerResponse, reply: BytesReply, acceptsGzip: boolean): Promise<void> {
  if (response.destroyed) return;
  const useGzip = acceptsGzip && reply.gzipped !== undefined;
  const body = useGzip ? (reply.gzipped as Uint8Array) : reply.body;
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.setHeader('Content-Type', reply.contentType);
  if (useGzip) response.setHeader('Content-Encoding', 'gzip');
  if (useGzip && !response.hasHeader('Vary')) response.setHeader('Vary', 'Accept-Encoding');
  if (reply.code !== 304) response.setHeader('Content-Length', Buffer.byteLength(body));
  response.statusCode = reply.code;
  await end(response, body);
}

/** Writes chunks as they come. Ends when the source ends, the signal aborts or the reader stalls. */
export async function sendStream(
  response: ServerResponse,
  reply: StreamReply,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  response.statusCode = 200;
  response.setHeader('Content-Type', reply.contentType);
  response.setHeader('Cache-Control', 'no-cache, private');
  response.flushHeaders();
  for await (const chunk of reply.chunks) {
    if (signal.aborted || response.destroyed) break;
    if (!response.write(chunk) && !(await drained(response, clock))) {
      response.destroy();
      break;
    }
  }
  await end(response);
}

/** Ends an answer. A connection that goes meanwhile never says that it has ended, only that it is closed. */
async function end(response: ServerResponse, body?: string | Uint8Array): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(body, () => resolve());
  });
}

/** Waits for room; false when there is none in time or the connection is gone. */
export async function drained(response: ServerResponse, clock: Clock): Promise<boolean> {
  const timer = new Scope('drain');
  const result = new Promise<boolean>((resolve) => {
    const settle = (value: boolean): void => {
      response.off('drain', onDrain);
      response.off('close', onClose);
      resolve(value);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    response.once('drain', onDrain);
    response.once('close', onClose);
    timer.spawn(
      async (signal) => {
        await clock.sleep(stalledMs, signal);
        settle(false);
      },
      () => settle(false),
    );
    if (response.destroyed) settle(false);
  });
  const value = await result;
  void timer.close();
  return value;
}
