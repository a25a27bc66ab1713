import type { RawData, WebSocket } from 'ws';
import { channel, type ByteStream, type Channel } from '../../../shared/bus/byte-stream.ts';
import { messageOf } from '../../../shared/errors.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ApiDeps } from '../deps.ts';
import { toBuffer } from '../http/web-socket-link.ts';
import { failure, pumpOutput } from './session-status.ts';

/** Sent by a client of v5 to end a channel. */
const closeChannel = 255;
/** Most bytes of a client that wait for the other side before its socket is no longer read. */
const maxWaitingBytes = 512 * 1024;
const pingMs = 15_000;

/** Opens the session; it ends with the signal. */
export type OpenSession = (signal: AbortSignal) => Promise<ByteStream>;

/**
 * Carries one session between a WebSocket and a ByteStream until either ends. The last message is always a Status on
 * the error channel: without one clients take a failure for success.
 */
export async function serveSession(
  { clock }: Pick<ApiDeps, 'clock'>,
  socket: WebSocket,
  open: OpenSession,
): Promise<void> {
  const scope = new Scope('exec');
  const input = new InputPump(socket);
  socket.on('close', () => void scope.close());
  // The close that follows an error is what ends the session.
  socket.on('error', () => undefined);
  scope.spawn(
    (signal) => keepAlive(socket, clock, signal),
    () => socket.terminate(),
  );
  let status: Uint8Array;
  try {
    const stream = await open(scope.signal);
    try {
      input.start(stream);
      status = await pumpOutput(stream, (to, bytes) => send(socket, to, bytes));
    } finally {
      await stream.close();
    }
  } catch (error) {
    status = failure(messageOf(error));
  }
  await send(socket, channel.error, status);
  socket.close(1000);
  await scope.close();
}

/** Resolves when the socket has taken the message; one that is closing takes none. */
function send(socket: WebSocket, to: Channel, bytes: Uint8Array): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  const message = Buffer.allocUnsafe(bytes.byteLength + 1);
  message[0] = to;
  message.set(bytes, 1);
  return new Promise((resolve) => socket.send(message, { binary: true }, () => resolve()));
}

async function keepAlive(socket: WebSocket, clock: ApiDeps['clock'], signal: AbortSignal): Promise<void> {
  let isAlive = true;
  socket.on('pong', () => (isAlive = true));
  socket.on('message', () => (isAlive = true));
  while (isAlive) {
    isAlive = false;
    socket.ping();
    await clock.sleep(pingMs, signal);
  }
  socket.terminate();
}

/** Passes what a client sends on, in order, and reads no more of it while too much waits. */
class InputPump {
  readonly #socket: WebSocket;
  #stream: ByteStream | undefined;
  #early: Buffer[] = [];
  #waitingBytes = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: RawData) => this.#take(toBuffer(data)));
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
