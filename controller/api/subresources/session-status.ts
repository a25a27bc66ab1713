import type { Status } from '../../../shared/objects/types.ts';
import { channel, type ByteStream, type Channel } from '../../../shared/bus/byte-stream.ts';

/** Sends what the stream brings; resolves with the Status it ended with. */
export async function pumpOutput(
  stream: ByteStream,
  send: (to: Channel, bytes: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  const status: Uint8Array[] = [];
  for await (const { channel: from, bytes } of stream) {
    if (from === channel.error) status.push(bytes);
    else if (bytes.byteLength > 0) await send(from, bytes);
  }
  const text = Buffer.concat(status);
  return text.byteLength > 0 ? text : failure('the session ended without a result');
}

/** The Status of a session that could not be had, or broke. */
export function failure(message: string): Uint8Array {
  return Buffer.from(JSON.stringify({ metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 }));
}

/** What a Status says of a failure; undefined when it tells of none. */
export function inWords(status: Uint8Array): Uint8Array | undefined {
  const { status: outcome, message = '' } = JSON.parse(Buffer.from(status).toString('utf8')) as Status;
  return outcome === 'Success' ? undefined : Buffer.from(message);
}
