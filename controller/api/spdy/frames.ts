import { ApiError } from '../../../shared/errors.ts';

/** Frames as they are on the wire; header blocks are still compressed. */
export type SpdyFrame =
  | { kind: 'data'; stream: number; bytes: Uint8Array; fin: boolean }
  | { kind: 'open'; stream: number; block: Uint8Array; fin: boolean }
  | { kind: 'reply'; stream: number; block: Uint8Array; fin: boolean }
  | { kind: 'headers'; stream: number; block: Uint8Array; fin: boolean }
  | { kind: 'reset'; stream: number; status: number }
  | { kind: 'ping'; id: number }
  | { kind: 'goaway' }
  /** Settings, window updates and what a later version may bring. */
  | { kind: 'other' };

const version = 3;
const headBytes = 8;
/** Control frames are held until they are whole; data frames pass as they come, whatever their length. */
const maxControlBytes = 64 * 1024;
/** Data is sent in frames of at most this, so that streams take turns. */
export const maxDataBytes = 32 * 1024;

const types = { open: 1, reply: 2, reset: 3, ping: 6, goaway: 7, headers: 8 } as const;

/** Cuts the bytes of a connection into frames. A data frame that comes in pieces gives one frame for each. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  /** The data frame that is being passed on. */
  #data: { stream: number; left: number; fin: boolean } | undefined;

  /** Throws BadRequest for bytes that are no SPDY/3.1; then the connection is over. */
  *read(piece: Uint8Array): Generator<SpdyFrame, void> {
    let rest = this.#held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#held, piece]);
    for (;;) {
      if (this.#data !== undefined) {
        if (rest.length === 0 && this.#data.left > 0) break;
        const bytes = rest.subarray(0, this.#data.left);
        rest = rest.subarray(bytes.length);
        yield this.#passOn(bytes);
        continue;
      }
      if (rest.length < headBytes) break;
      const length = rest.readUIntBE(5, 3);
      if (isControl(rest)) {
        if (length > maxControlBytes) throw new ApiError('BadRequest', 'SPDY: a control frame is too long');
        if (rest.length < headBytes + length) break;
        const frame = parseControl(rest.subarray(0, headBytes + length));
        rest = rest.subarray(headBytes + length);
        yield frame;
      } else {
        this.#data = { stream: rest.readUInt32BE(0), left: length, fin: isFin(rest) };
        rest = rest.subarray(headBytes);
      }
    }
    this.#held = rest;
  }

  #passOn(bytes: Buffer): SpdyFrame {
    const { stream = 0, left = 0, fin = false } = this.#data ?? {};
    const remaining = left - bytes.length;
    this.#data = remaining > 0 ? { stream, left: remaining, fin } : undefined;
    return { kind: 'data', stream, bytes, fin: fin && remaining === 0 };
  }
}

export function dataFrame(stream: number, bytes: Uint8Array, fin = false): Uint8Array {
  const frame = Buffer.allocUnsafe(headBytes + bytes.length);
  frame.writeUInt32BE(stream, 0);
  frame[4] = fin ? 1 : 0;
  frame.writeUIntBE(bytes.length, 5, 3);
  frame.set(bytes, headBytes);
  return frame;
}

export function openFrame(stream: number, block: Uint8Array, fin = false): Uint8Array {
  return controlFrame(types.open, [stream, 0], fin, Buffer.concat([Buffer.alloc(2), block]));
}

export function replyFrame(stream: number, block: Uint8Array): Uint8Array {
  return controlFrame(types.reply, [stream], false, block);
}

export function resetFrame(stream: number, status: number): Uint8Array {
  return controlFrame(types.reset, [stream, status]);
}

export function pingFrame(id: number): Uint8Array {
  return controlFrame(types.ping, [id]);
}

function controlFrame(type: number, numbers: number[], fin = false, rest: Uint8Array = Buffer.alloc(0)): Uint8Array {
  const length = numbers.length * 4 + rest.length;
  const frame = Buffer.alloc(headBytes + length);
  frame.writeUInt16BE(0x8000 | version, 0);
  frame.writeUInt16BE(type, 2);
  frame[4] = fin ? 1 : 0;
  frame.writeUIntBE(length, 5, 3);
  numbers.forEach((number, index) => frame.writeUInt32BE(number, headBytes + index * 4));
  frame.set(rest, headBytes + numbers.length * 4);
  return frame;
}

function isControl(head: Buffer): boolean {
  return ((head[0] ?? 0) & 0x80) !== 0;
}

function isFin(head: Buffer): boolean {
  return ((head[4] ?? 0) & 1) !== 0;
}

function parseControl(frame: Buffer): SpdyFrame {
  if ((frame.readUInt16BE(0) & 0x7fff) !== version) throw new ApiError('BadRequest', 'SPDY: not version 3');
  const body = frame.subarray(headBytes);
  const fin = isFin(frame);
  const number = (at: number): number => {
    if (body.length < at + 4) throw new ApiError('BadRequest', 'SPDY: a control frame is too short');
    return body.readUInt32BE(at);
  };
  const stream = (): number => number(0) & 0x7fff_ffff;
  switch (frame.readUInt16BE(2)) {
    case types.open:
      number(6); // the stream, the associated stream and two bytes of priority are there
      return { kind: 'open', stream: stream(), block: body.subarray(10), fin };
    case types.reply:
      return { kind: 'reply', stream: stream(), block: body.subarray(4), fin };
    case types.headers:
      return { kind: 'headers', stream: stream(), block: body.subarray(4), fin };
    case types.reset:
      return { kind: 'reset', stream: stream(), status: number(4) };
    case types.ping:
      return { kind: 'ping', id: number(0) };
    case types.goaway:
      return { kind: 'goaway' };
    default:
      return { kind: 'other' };
  }
}
