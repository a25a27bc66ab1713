import type { RawData, WebSocket } from 'ws';
import type { ByteLink } from '../spdy/byte-link.ts';

/** What may wait in each direction before the sender is held up. */
const maxWaitingBytes = 512 * 1024;
const messageCost = 64;

/** A byte link in the messages of a WebSocket, however they are cut. */
export class WebSocketLink implements ByteLink {
  readonly #socket: WebSocket;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isGone = false;
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: RawData) => this.#take(toBuffer(data)));
    // The close that follows an error is what ends the link.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isGone = true;
      this.#wake?.();
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        yield message;
        this.#waitingBytes -= message.length + messageCost;
        if (this.#waitingBytes <= maxWaitingBytes && this.#socket.isPaused) this.#socket.resume();
      } else if (this.#isGone) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      socket.send(bytes, { binary: true }, () => resolve());
      if (socket.bufferedAmount <= maxWaitingBytes) resolve();
    });
  }

  close(): void {
    this.#socket.close(1000);
    // A paused socket would not see the answer.
    if (this.#socket.isPaused) this.#socket.resume();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #take(message: Buffer): void {
    this.#waitingBytes += message.length + messageCost;
    if (this.#waitingBytes > maxWaitingBytes) this.#socket.pause();
    this.#waiting.push(message);
    this.#wake?.();
  }
}

/** The bytes of a message. */
export function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
