import type { RawData, WebSocket } from 'ws';
import { toBuffer } from '../http/web-socket-link.ts';

/** The channel on which a client of v5 ends another one. */
export const closeChannel = 255;

const digits = '0'.charCodeAt(0);

/**
 * Messages of a WebSocket that belong to channels: the first byte is the number of the channel. In subprotocols for
 * clients that send text only it is a digit, and the rest is base64.
 */
export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #isText: boolean;

  constructor(socket: WebSocket, protocol: string) {
    this.#socket = socket;
    this.#isText = /(^|\.)base64\./.test(protocol);
  }

  /** Calls `take` with each message in its binary form. */
  onMessage(take: (message: Buffer) => void): void {
    this.#socket.on('message', (data: RawData) => take(this.#isText ? fromText(toBuffer(data)) : toBuffer(data)));
  }

  /** Resolves when the socket has taken the message; one that is closing takes none. */
  send(to: number, bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    const message = this.#isText ? `${to}${Buffer.from(bytes).toString('base64')}` : withChannel(to, bytes);
    return new Promise((resolve) => socket.send(message, { binary: !this.#isText }, () => resolve()));
  }
}

function withChannel(to: number, bytes: Uint8Array): Uint8Array {
  const message = Buffer.allocUnsafe(bytes.byteLength + 1);
  message[0] = to;
  message.set(bytes, 1);
  return message;
}

function fromText(text: Buffer): Buffer {
  const [digit] = text;
  if (digit === undefined) return text;
  return Buffer.from(withChannel((digit - digits) & 0xff, Buffer.from(text.toString('latin1', 1), 'base64')));
}
