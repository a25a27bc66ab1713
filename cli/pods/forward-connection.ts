import type { Socket } from 'node:net';
import type { RawData } from 'ws';
import { hasReason } from '../../shared/errors.ts';
import type { ApiClient } from '../client/client.ts';
import { openChannels, sendInput, show, toBuffer } from './pod-session.ts';

/** Channels of the only port of a session; the first message of each says which port it is. */
const [dataChannel, errorChannel] = [0, 1];

/**
 * Carries one connection to a port of a pod, over a WebSocket of its own, each direction to its end. Throws what kept
 * it from being made; `gone` hears when there is no such pod any more. The connection is closed in any case.
 */
export async function forwardConnection(
  client: ApiClient,
  path: string,
  port: number,
  connection: Socket,
  gone: (error: Error) => void,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = openChannels(client, `${path}?ports=${port}`, (error) => {
        if (hasReason(error, 'NotFound')) gone(new Error('lost connection to pod', { cause: error }));
        if (!connection.destroyed) reject(error);
      });
      const greeted = new Set<number>();
      // Who closed the connection has nothing to read any more.
      connection.on('error', () => undefined).on('close', () => socket.terminate());
      socket.on('open', () => sendInput(socket, connection, dataChannel));
      socket.on('message', (data: RawData) => {
        const message = toBuffer(data);
        const from = message[0] ?? dataChannel;
        if (!greeted.has(from)) greeted.add(from);
        else if (from === errorChannel) reject(new Error(message.subarray(1).toString()));
        else if (!connection.destroyed) show(socket, connection, message.subarray(1));
      });
      socket.on('close', resolve);
    });
    connection.end();
    connection.resume(); // what is still sent has nowhere to go
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
