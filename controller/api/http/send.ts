import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import type { Clock } from '../../../shared/clock.ts';
import { Scope } from '../../../shared/scope.ts';
import { encode } from './encoding.ts';
import type { BytesReply, JsonReply, StreamReply } from './reply.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Below this, compressing costs more than it saves on any network Berth runs in. */
const gzipFromBytes = 128 * 1024;
/** What is written at a time. */
const sliceBytes = 64 * 1024;
/** A reader that takes nothing for this long is gone. */
const stalledMs = 60_000;

/** Writes an answer of JSON values, in the format that its client wants. */
export async function sendJson(
  response: ServerResponse,
  reply: JsonReply,
  message: IncomingMessage,
  acceptsGzip: boolean,
  clock: Clock,
): Promise<void> {
  const { body, contentType } = await encode(reply.body, message);
  const isBig = acceptsGzip && body.byteLength >= gzipFromBytes;
  await sendBytes(
    response,
    {
      kind: 'bytes',
      code: reply.code,
      body: isBig ? { gzipped: await compress(body, { level: constants.Z_BEST_SPEED }) } : body,
      contentType,
      headers: { 'Cache-Control': 'no-cache, private', ...reply.headers },
    },
    acceptsGzip,
    clock,
  );
}

/** Writes an answer that is ready, in slices: a reader that has stalled is known by the slice that waits. */
export async function sendBytes(
  response: ServerResponse,
  reply: BytesReply,
  acceptsGzip: boolean,
  clock: Clock,
): Promise<void> {
  const { body, isGzipped } = await chooseForm(reply.body, acceptsGzip);
  if (response.destroyed) return;
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.setHeader('Content-Type', reply.contentType);
  if (isGzipped) response.setHeader('Content-Encoding', 'gzip');
  if (isGzipped && !response.hasHeader('Vary')) response.setHeader('Vary', 'Accept-Encoding');
  if (reply.code !== 304) response.setHeader('Content-Length', body.byteLength);
  response.statusCode = reply.code;
  let at = 0;
  for (; body.byteLength - at > sliceBytes; at += sliceBytes) {
    if (!response.write(body.subarray(at, at + sliceBytes)) && !(await drained(response, clock))) break;
  }
  await end(response, clock, body.subarray(at));
}

async function chooseForm(
  body: BytesReply['body'],
  acceptsGzip: boolean,
): Promise<{ body: Uint8Array; isGzipped: boolean }> {
  if (typeof body === 'string') return { body: Buffer.from(body), isGzipped: false };
  if (body instanceof Uint8Array) return { body, isGzipped: false };
  return acceptsGzip
    ? { body: body.gzipped, isGzipped: true }
    : { body: await decompress(body.gzipped), isGzipped: false };
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
    if (!response.write(chunk) && !(await drained(response, clock, reply.patienceMs))) break;
  }
  await end(response, clock);
}

/** Ends an answer. A connection that goes meanwhile never says that it has ended, only that it is closed. */
async function end(response: ServerResponse, clock: Clock, body?: Uint8Array): Promise<void> {
  if (response.destroyed) return;
  response.end(body);
  if (!response.writableFinished) await reached('finish', response, clock);
}

/** Waits for room; false when there is none in time or the connection is gone. */
export function drained(response: ServerResponse, clock: Clock, patienceMs = stalledMs): Promise<boolean> {
  return reached('drain', response, clock, patienceMs);
}

/** Waits until the reader has taken what was written. One that takes nothing in time loses the connection: false. */
async function reached(
  event: 'drain' | 'finish',
  response: ServerResponse,
  clock: Clock,
  patienceMs = stalledMs,
): Promise<boolean> {
  const timer = new Scope('reader');
  const result = new Promise<boolean>((resolve) => {
    const settle = (value: boolean): void => {
      response.off(event, onEvent);
      response.off('close', onClose);
      resolve(value);
    };
    const onEvent = (): void => settle(true);
    const onClose = (): void => settle(false);
    response.once(event, onEvent);
    response.once('close', onClose);
    timer.spawn(
      async (signal) => {
        await clock.sleep(patienceMs, signal);
        response.destroy();
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
