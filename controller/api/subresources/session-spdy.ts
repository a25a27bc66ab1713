import { channel, type ByteStream, type Channel } from '../../../shared/bus/byte-stream.ts';
import { ApiError, messageOf } from '../../../shared/errors.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ApiDeps } from '../deps.ts';
import type { SessionChannels } from '../pod-streams.ts';
import type { ByteLink } from '../spdy/byte-link.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { failure, pumpOutput } from './session-status.ts';
import type { OpenSession } from './session-socket.ts';

const streamsWithinMs = 30_000;
const maxSizeChars = 1024;

/**
 * Carries one session between the streams of a SPDY connection and a ByteStream until either ends. The client opens
 * one stream for each channel; the last words are a Status on its error stream.
 */
export async function serveSpdySession(
  { clock }: Pick<ApiDeps, 'clock'>,
  link: ByteLink,
  wanted: SessionChannels,
  open: OpenSession,
): Promise<void> {
  const scope = new Scope('session');
  const connection = new SpdyConnection(link);
  const streams = new SessionStreams(wanted);
  const running = connection
    .run((stream) => streams.add(stream))
    .catch((error: unknown) => streams.fail(error))
    .finally(() => {
      streams.fail(new ApiError('BadRequest', 'the client has gone'));
      void scope.close();
    });
  const late = new Scope('session streams', scope);
  late.spawn(
    async (signal) => {
      await clock.sleep(streamsWithinMs, signal);
      streams.fail(new ApiError('Timeout', 'the client did not open all streams in time'));
    },
    () => undefined,
  );
  try {
    await streams.complete;
    await late.close();
    await serveStreams(streams, scope.signal, open);
  } catch {
    // Without its streams there is nobody to tell.
  } finally {
    connection.close();
    await running;
    await scope.close();
  }
}

async function serveStreams(streams: SessionStreams, signal: AbortSignal, open: OpenSession): Promise<void> {
  let status: Uint8Array;
  try {
    const session = await open(signal);
    try {
      streams.startInput(session);
      status = await pumpOutput(session, (to, bytes) => streams.write(to, bytes));
    } finally {
      await session.close();
    }
  } catch (error) {
    status = failure(messageOf(error));
  }
  await streams.write(channel.error, status);
  await streams.end();
}

/** The streams of one session, by channel. */
class SessionStreams {
  readonly #wanted: Set<Channel>;
  readonly #streams = new Map<Channel, SpdyStream>();
  readonly #complete = Promise.withResolvers<void>();
  #session: ByteStream | undefined;

  constructor({ stdin, stdout, stderr }: SessionChannels) {
    this.#wanted = new Set([
      channel.error,
      ...(stdin ? [channel.stdin] : []),
      ...(stdout ? [channel.stdout] : []),
      ...(stderr ? [channel.stderr] : []),
    ]);
    this.#complete.promise.catch(() => undefined); // known to everybody who waits for it
  }

  /** Resolves when the client has opened all that the session needs; the stream of window sizes may come later. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  fail(error: unknown): void {
    this.#complete.reject(error);
  }

  add(stream: SpdyStream): void {
    const name = stream.headers.get('streamtype') ?? '';
    const to = Object.hasOwn(channel, name) ? channel[name as keyof typeof channel] : undefined;
    if (to === undefined || this.#streams.has(to)) {
      stream.discard();
      void stream.end();
      return;
    }
    this.#streams.set(to, stream);
    if (to !== channel.stdin && to !== channel.resize) stream.discard();
    if (to === channel.resize && this.#session !== undefined) forwardSizes(stream, this.#session);
    if ([...this.#wanted].every((one) => this.#streams.has(one))) this.#complete.resolve();
  }

  startInput(session: ByteStream): void {
    this.#session = session;
    const [stdin, sizes] = [this.#streams.get(channel.stdin), this.#streams.get(channel.resize)];
    if (stdin !== undefined) forwardInput(stdin, session);
    if (sizes !== undefined) forwardSizes(sizes, session);
  }

  async write(to: Channel, bytes: Uint8Array): Promise<void> {
    await this.#streams.get(to)?.write(bytes);
  }

  async end(): Promise<void> {
    for (const stream of this.#streams.values()) await stream.end();
  }
}

/** A session that is over ends through its output, so what goes wrong here is told there. */
function forwardInput(stdin: SpdyStream, session: ByteStream): void {
  const forward = async (): Promise<void> => {
    for await (const bytes of stdin) await session.write(channel.stdin, bytes);
    await session.end(channel.stdin);
  };
  forward().catch(() => undefined);
}

/** One JSON text on each line, however the lines are cut into pieces. */
function forwardSizes(sizes: SpdyStream, session: ByteStream): void {
  const forward = async (): Promise<void> => {
    let text = '';
    for await (const bytes of sizes) {
      const lines = (text + Buffer.from(bytes).toString('utf8')).split('\n');
      text = (lines.pop() ?? '').slice(0, maxSizeChars);
      for (const line of lines) if (line !== '') await session.write(channel.resize, Buffer.from(line));
    }
  };
  forward().catch(() => undefined);
}
