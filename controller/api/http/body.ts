import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../../shared/errors.ts';

/** Largest accepted body. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** A client that sends too much is listened to so much longer, so that it comes to read the refusal. */
const maxDiscardedBytes = 16 * 1024 * 1024;

/** Collects a body within bounds. Throws RequestEntityTooLarge, UnsupportedMediaType, or BadRequest when it is cut off. */
export async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const encoding = message.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ApiError('UnsupportedMediaType', `the body is encoded as ${JSON.stringify(encoding)}; send it plain`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size <= maxBodyBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > maxBodyBytes + maxDiscardedBytes) break;
    }
  } catch (error) {
    throw new ApiError('BadRequest', 'the body ended before its announced length', {}, { cause: error });
  }
  if (size > maxBodyBytes) throw tooLarge();
  return Buffer.concat(chunks);
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`);
}
