import type { WebSocket } from 'ws';
import type { SocketReply, StreamReply } from './reply.ts';

const [binary, base64] = ['binary.k8s.io', 'base64.binary.k8s.io'];

/**
 * An answer that goes on as messages of a WebSocket, one for each chunk: text as it is, bytes as the subprotocol says.
 * Undefined when the client offers subprotocols, and none that is known.
 */
export function streamOverSocket({ chunks }: StreamReply, offered: string | undefined): SocketReply | undefined {
  const names = offered?.split(',').map((name) => name.trim()) ?? [''];
  const protocol = names.find((name) => ['', binary, base64].includes(name));
  if (protocol === undefined) return undefined;
  const isText = protocol === base64;
  return {
    kind: 'socket',
    protocol,
    async serve(socket) {
      // The close that follows an error is what ends it.
      socket.on('error', () => undefined);
      for await (const chunk of chunks) {
        if (socket.readyState !== socket.OPEN) break;
        await send(socket, isText && typeof chunk !== 'string' ? Buffer.from(chunk).toString('base64') : chunk);
      }
      socket.close(1000);
    },
  };
}

/** Resolves when the message is on its way, so that a slow reader holds the source up. */
function send(socket: WebSocket, message: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.send(message, () => resolve()));
}
