import type { WebSocket } from 'ws';
import { channel, type ByteStream } from '../../../shared/bus/byte-stream.ts';
import { messageOf } from '../../../shared/errors.ts';
import { Scope } from '../../../shared/scope.ts';
import { ChannelSocket, closeChannel } from './channel-socket.ts';
import { failure, inWords, pumpOutput } from './session-status.ts';

/** Most bytes of a client that wait for the other side before its socket is no longer read. */
const maxWaitingBytes = 512 * 1024;

/** Opens the session; it ends with the signal. */
export type OpenSession = (signal: AbortSignal) => Promise<ByteStream>;

/**
 * Carries one session between a WebSocket and a ByteStream until either ends. The last message is always a Status on
 * the error channel: without one clients take a failure for success. Subprotocols before v4 have words of a failure
 * there, and nothing of a success.
 */
export async function serveSession(socket: WebSocket, protocol: string, open: OpenSession): Promise<void> {
  const scope = new Scope('exec');
  const channels = new ChannelSocket(socket, protocol);
  const input = new InputPump(socket, channels);
  socket.on('close', () => void scope.close());
  // The close that follows an error is what ends the session.
  socket.on('error', () => undefined);
  let status: Uint8Array;
  try {
    const stream = await open(scope.signal);
    try {
      input.start(stream);
      status = await pumpOutput(stream, (to, bytes) => channels.send(to, bytes));
    } finally {
      await stream.close();
    }
  } catch (error) {
    status = failure(messageOf(error));
  }
  const last = /^v\d/.test(protocol) ? status : inWords(status);
  if (last !== undefined) await channels.send(channel.error, last);
  socket.close(1000);
  await scope.close();
}

/** Passes what a client sends on, in order, and reads no more of it while too much waits. */
class InputPump {
  readonly #socket: WebSocket;
  #stream: ByteStream | undefined;
  #early: Buffer[] = [];
  #waitingBytes = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, channels: ChannelSocket) {
    this.#socket = socket;
    channels.onMessage((message) => this.#take(message));
  }

  start(stream: ByteStream): void {
    this.#stream = stream;
    for (const message of this.#early.splice(0)) this.#pass(stream, message);
  }

  #take(message: Buffer): void {
    this.#waitingBytes += costOf(message);
    if (this.#waitingBytes > maxWaitingBytes) this.#socket.pause();
    if (this.#stream === undefined) this.#early.push(message);
    else this.#pass(this.#stream, message);
  }

  #pass(stream: ByteStream, message: Buffer): void {
    this.#tail = this.#tail
      .then(() => forward(stream, message))
      // A session that is over ends through its output.
      .catch(() => undefined)
      .then(() => {
        this.#waitingBytes -= costOf(message);
        if (this.#waitingBytes <= maxWaitingBytes && this.#socket.isPaused) this.#socket.resume();
      });
  }
}

/** What keeping a message takes, so that many empty ones are bounded too. */
function costOf(message: Buffer): number {
  return message.byteLength + 64;
}

async function forward(stream: ByteStream, message: Buffer): Promise<void> {
  const [to, ended] = message;
  const bytes = message.subarray(1);
  if (to === closeChannel && ended === channel.stdin) await stream.end(channel.stdin);
  const isInput = to === channel.stdin || to === channel.resize;
  if (isInput && bytes.byteLength > 0) await stream.write(to, bytes);
}
