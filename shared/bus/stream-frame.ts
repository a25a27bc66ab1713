import { ApiError } from '../errors.ts';
import { channel, type Channel } from './byte-stream.ts';

/** One message of a byte stream. `sequence` counts all frames of a direction from 0: a jump means a loss. */
export type Frame = { sequence: number } & (
  | { kind: 'data'; channel: Channel; bytes: Uint8Array }
  | { kind: 'end'; channel: Channel }
  | { kind: 'credit'; amount: number }
  | { kind: 'ping' }
  | { kind: 'close'; error: string }
);

/** A frame before it has its number. */
export type Unnumbered = Frame extends infer F ? (F extends Frame ? Omit<F, 'sequence'> : never) : never;

const endMark = 0x10;
const creditMark = 0x20;
const pingMark = 0x21;
const closeMark = 0x22;
const headBytes = 5;
const channels: ReadonlySet<number> = new Set(Object.values(channel));
const maxErrorBytes = 4096;

/** First byte: what it is and the channel; then the number, 32 bit; then the content. */
export function encodeFrame(frame: Unnumbered, sequence: number): Uint8Array {
  const [mark, content] = partsOf(frame);
  const bytes = Buffer.allocUnsafe(headBytes + content.length);
  bytes.writeUInt8(mark, 0);
  bytes.writeUInt32BE(sequence >>> 0, 1);
  bytes.set(content, headBytes);
  return bytes;
}

function partsOf(frame: Unnumbered): [number, Uint8Array] {
  switch (frame.kind) {
    case 'data':
      return [frame.channel, frame.bytes];
    case 'end':
      return [endMark | frame.channel, new Uint8Array()];
    case 'credit': {
      const amount = Buffer.allocUnsafe(4);
      amount.writeUInt32BE(frame.amount);
      return [creditMark, amount];
    }
    case 'ping':
      return [pingMark, new Uint8Array()];
    case 'close':
      return [closeMark, Buffer.from(frame.error).subarray(0, maxErrorBytes)];
  }
}

/** Throws BadRequest on anything that is not a frame. */
export function decodeFrame(message: Uint8Array): Frame {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (bytes.length < headBytes) throw new ApiError('BadRequest', 'stream frame is too short');
  const mark = bytes.readUInt8(0);
  const sequence = bytes.readUInt32BE(1);
  const content = bytes.subarray(headBytes);
  if (channels.has(mark)) return { kind: 'data', sequence, channel: mark as Channel, bytes: content };
  if (channels.has(mark - endMark)) return { kind: 'end', sequence, channel: (mark - endMark) as Channel };
  if (mark === creditMark && content.length === 4) return { kind: 'credit', sequence, amount: content.readUInt32BE() };
  if (mark === pingMark) return { kind: 'ping', sequence };
  if (mark === closeMark) return { kind: 'close', sequence, error: content.toString().slice(0, maxErrorBytes) };
  throw new ApiError('BadRequest', 'stream frame of an unknown kind');
}
