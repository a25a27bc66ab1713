import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

const maxMessageBytes = 4 * 1024 * 1024;

/** Turns upgrade requests into WebSockets with the subprotocol that the handler chose. */
export class SocketUpgrades {
  readonly #chosen = new WeakMap<IncomingMessage, string>();
  readonly #tunnelled = new WeakMap<IncomingMessage, string>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (_offered, message) => this.#chosen.get(message) ?? false,
  });

  constructor() {
    this.#server.on('headers', (lines, message) => {
      const protocol = this.#tunnelled.get(message);
      if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    });
  }

  /** Resolves with the socket, or with undefined when the handshake is refused or the client is gone. */
  accept(message: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket | undefined> {
    if (protocol.includes('/')) {
      // The library refuses this character, which no subprotocol may have, and Kubernetes has a subprotocol with it.
      delete message.headers['sec-websocket-protocol'];
      this.#tunnelled.set(message, protocol);
    } else {
      this.#chosen.set(message, protocol);
    }
    return new Promise((resolve) => {
      const onClose = (): void => resolve(undefined);
      socket.once('close', onClose);
      this.#server.handleUpgrade(message, socket, head, (webSocket) => {
        socket.off('close', onClose);
        resolve(webSocket);
      });
    });
  }
}
