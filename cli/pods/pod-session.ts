import type { Readable, Writable } from 'node:stream';
import { WebSocket, type RawData } from 'ws';
import { channel } from '../../shared/bus/byte-stream.ts';
import type { ApiClient } from '../client/client.ts';

/** What a session reads and writes. With `tty` it has the terminal of this process, and `stderr` stays empty. */
export interface SessionStreams {
  stdin?: Readable;
  stdout: Writable;
  stderr: Writable;
  tty: boolean;
  /** Called when something was shown. */
  onOutput?: () => void;
}

/** How a session ended: a Status, as Kubernetes sends it on the error channel. */
export interface SessionStatus {
  status?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** Sent with a channel's number to end that channel. */
export const closeChannel = 255;
/** More input than this waits at its source until the server has taken some. */
const maxUnsentBytes = 1024 * 1024;

/** A WebSocket of `v5.channel.k8s.io`. What keeps it from being opened is an `error` of `refused`. */
export function openChannels(client: ApiClient, path: string, refused: (error: Error) => void): WebSocket {
  const { url, headers, tls } = client.socketTarget(path);
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { headers, ...tls });
  socket.on('unexpected-response', (_request, response) => {
    let text = '';
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    response.on('end', () => refused(client.refusal(response.statusCode ?? 500, text)));
  });
  socket.on('error', (error) => refused(client.unreachable(error)));
  return socket;
}

/**
 * `exec` or `attach` at this path, over WebSocket `v5.channel.k8s.io`, until the other side ends it. Throws when it could
 * not begin, broke, or `signal` aborted: the connection is closed then, whatever still waits at either end.
 */
export async function runPodSession(
  client: ApiClient,
  path: string,
  streams: SessionStreams,
  signal?: AbortSignal,
): Promise<SessionStatus> {
  const resized = new Set<() => void>();
  try {
    return await new Promise<SessionStatus>((resolve, reject) => {
      let status: SessionStatus | undefined;
      const socket = openChannels(client, path, reject);
      signal?.addEventListener('abort', () => {
        reject(signal.reason as Error);
        socket.terminate();
      });
      socket.on('open', () => {
        if (streams.tty) resized.add(useTerminal(socket));
        if (streams.stdin !== undefined) sendInput(socket, streams.stdin);
      });
      socket.on('message', (data: RawData) => {
        const message = toBuffer(data);
        const body = message.subarray(1);
        if (body.length > 0 && (message[0] === channel.stdout || message[0] === channel.stderr)) streams.onOutput?.();
        if (message[0] === channel.stdout) show(socket, streams.stdout, body);
        else if (message[0] === channel.stderr) show(socket, streams.stderr, body);
        else if (message[0] === channel.error) status = JSON.parse(body.toString()) as SessionStatus;
      });
      socket.on('close', () => {
        if (status === undefined) reject(new Error('the session ended without a status'));
        else resolve(status);
      });
    });
  } finally {
    if (streams.tty) process.stdin.setRawMode(false);
    for (const resize of resized) process.stdout.off('resize', resize);
    streams.stdin?.pause();
  }
}

/** The exit code of the command that the session ran. Throws when it could not be run. */
export function exitCodeOf({ status, message, details }: SessionStatus): number {
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new Error(message ?? 'the command could not be run');
}

/** One message of a WebSocket. */
export function toBuffer(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
}

/** Gives every key to the session, and the size of the terminal; returns what is called with each new size. */
function useTerminal(socket: WebSocket): () => void {
  const resize = (): void => {
    const { columns: Width, rows: Height } = process.stdout;
    const size = Buffer.from(JSON.stringify({ Width, Height }));
    if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.concat([Buffer.of(channel.resize), size]));
  };
  process.stdin.setRawMode(true);
  process.stdout.on('resize', resize);
  resize();
  return resize;
}

/** A reader who is slow slows the session down, and nothing is kept in memory for him. */
export function show(socket: WebSocket, to: Writable, bytes: Buffer): void {
  if (to.write(bytes) || socket.isPaused || socket.readyState !== WebSocket.OPEN) return;
  socket.pause();
  to.once('drain', () => socket.resume());
}

/** Sends what a stream brings on a channel, and its end. */
export function sendInput(socket: WebSocket, from: Readable, to: number = channel.stdin): void {
  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN;
  from.on('data', (bytes: Buffer) => {
    if (!isOpen()) return;
    if (socket.bufferedAmount > maxUnsentBytes) from.pause();
    socket.send(Buffer.concat([Buffer.of(to), bytes]), () => {
      if (socket.bufferedAmount <= maxUnsentBytes && isOpen()) from.resume();
    });
  });
  from.on('end', () => {
    if (isOpen()) socket.send(Buffer.of(closeChannel, to));
  });
}
