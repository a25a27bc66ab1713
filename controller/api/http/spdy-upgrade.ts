import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ByteLink } from '../spdy/byte-link.ts';

const closeMs = 5_000;
const paths = /\/(?:exec|attach|portforward)(?:\?|$)/;

/** True for a request that may become SPDY/3.1: one without a body, on a path that has sessions. */
export function asksForSpdy({ headers, method, url = '' }: IncomingMessage): boolean {
  if (headers.upgrade?.toLowerCase() !== 'spdy/3.1' || (method !== 'POST' && method !== 'GET')) return false;
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0' && paths.test(url);
}

/** Answers the handshake on the socket of an upgrade request; what is sent from then on is SPDY. */
export function acceptSpdy(socket: Duplex, head: Buffer, protocol: string): ByteLink {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  socket.write(`${lines.join('\r\n')}\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  return new SocketLink(socket, head);
}

class SocketLink implements ByteLink {
  readonly #socket: Duplex;
  readonly #head: Buffer;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    this.#head = head;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#head.length > 0) yield this.#head;
    try {
      for await (const chunk of this.#socket) yield chunk as Uint8Array;
    } catch {
      // However a connection breaks: the client is gone.
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.#socket.writable) return Promise.resolve();
    return new Promise((resolve) => {
      // The callback comes with an error as well, once the socket is closed.
      if (this.#socket.write(bytes, () => resolve())) resolve();
    });
  }

  close(): void {
    const timer = setTimeout(() => this.#socket.destroy(), closeMs);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
