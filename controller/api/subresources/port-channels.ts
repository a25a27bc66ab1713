import type { WebSocket } from 'ws';
import { messageOf } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ApiDeps } from '../deps.ts';
import { ChannelSocket, closeChannel } from './channel-socket.ts';
import { forwardConnection } from './forwarding.ts';
import { WaitingBytes } from './waiting-bytes.ts';

/**
 * One connection to each port over a WebSocket: channel 2i carries the data of port i, channel 2i+1 its error. The
 * first message of each channel is the port. The socket closes when no connection is left.
 */
export async function servePortChannels(
  deps: Pick<ApiDeps, 'podExec'>,
  socket: WebSocket,
  protocol: string,
  pod: Stored<Pod>,
  ports: readonly number[],
): Promise<void> {
  const scope = new Scope('port-forward');
  const channels = new ChannelSocket(socket, protocol);
  const inputs = ports.map(() => new WaitingBytes());
  const balance = (): void => {
    const isFull = inputs.some((input) => input.isFull);
    if (isFull) socket.pause();
    else if (socket.isPaused) socket.resume();
  };
  channels.onMessage((message) => {
    route(message, inputs);
    balance();
  });
  // The close that follows an error is what ends the session.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const input of inputs) input.end();
    void scope.close();
  });
  const serve = async (port: number, index: number): Promise<void> => {
    const [data, error] = [index * 2, index * 2 + 1];
    await channels.send(data, portBytes(port));
    await channels.send(error, portBytes(port));
    const input = (inputs[index] ?? new WaitingBytes()).read(balance);
    try {
      const write = (bytes: Uint8Array): Promise<void> => channels.send(data, bytes);
      await forwardConnection(deps, pod, port, { input, write, end: () => closed(socket, ports) }, scope);
    } catch (problem) {
      await channels.send(error, Buffer.from(messageOf(problem)));
    }
  };
  await Promise.all(ports.map(serve));
  socket.close(1000);
  // A paused socket would not see the answer.
  if (socket.isPaused) socket.resume();
  await scope.close();
}

/** There is no half-close towards the client: with one port, the end of the data is the end of the socket. */
function closed(socket: WebSocket, ports: readonly number[]): Promise<void> {
  if (ports.length === 1) socket.close(1000);
  return Promise.resolve();
}

function route(message: Buffer, inputs: readonly WaitingBytes[]): void {
  const [to = 0, ended = 0] = message;
  if (to === closeChannel) inputs[ended / 2]?.end();
  else if (to % 2 === 0 && message.length > 1) inputs[to / 2]?.push(message.subarray(1));
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port & 0xff, port >> 8);
}
