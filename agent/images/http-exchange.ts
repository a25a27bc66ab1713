import type { Agent, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as overHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { http } from '../../shared/http.ts';

export interface ExchangeOptions {
  method: string;
  headers: OutgoingHttpHeaders;
  body?: Buffer | Readable | undefined;
  agent: Agent;
  /** Longest silence, before the answer and in it. */
  silenceMs: number;
  signal?: AbortSignal | undefined;
}

const connectTimeoutMs = 10_000;

/**
 * One HTTP request. Resolves with the answer once its headers are there; its body must be read or destroyed, and fails
 * when it does not come whole. The abort of `signal` ends the exchange, body included.
 */
export function exchange(url: URL, { body, silenceMs, ...options }: ExchangeOptions): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const request = (isSecure ? overHttps : http.request)(url, options);
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(lateError('ETIMEDOUT')), connectTimeoutMs);
    for (const event of [isSecure ? 'secureConnect' : 'connect', 'close']) {
      socket.once(event, () => clearTimeout(timer));
    }
  });
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    request.on('error', reject);
    request.on('response', (response) => {
      answer = response;
      response.on('error', () => undefined); // told to whoever reads it; unread it must not end the process
      resolve(response);
    });
    request.setTimeout(silenceMs, () => {
      if (answer === undefined) request.destroy(lateError('NO_ANSWER'));
      else if (isFull(answer)) request.setTimeout(silenceMs);
      else answer.destroy(lateError('STOPPED_SENDING'));
    });
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else pipeline(body, request, (error) => error && request.destroy(error));
  });
}

/** The silence is the reader's own. */
function isFull(body: Readable): boolean {
  return body.readableLength >= body.readableHighWaterMark;
}

/** The codes that registry-errors.ts has words for. */
function lateError(code: 'ETIMEDOUT' | 'NO_ANSWER' | 'STOPPED_SENDING'): Error {
  return Object.assign(new Error('it took too long'), { code });
}
