import { headers, type Msg, type NatsConnection, type NatsError, type Subscription } from 'nats';
import { ApiError, messageOf } from '../errors.ts';
import { natsReason, NatsLine, type NatsOptions } from './nats-connection.ts';
import type { Bus, BusHandler, BusMessage } from './bus.ts';
import { errorOfReply, replyOfError } from './error-reply.ts';
import { MessageQueue } from './message-queue.ts';

export type { NatsOptions } from './nats-connection.ts';

const defaultTimeoutMs = 10_000;
/** Set on an answer that is an error. */
const errorHeader = 'Berth-Error';
/** Requests of one `serve` that are being answered; more are turned away. */
const maxServing = 1000;

/** A subscription as it should be, whatever connection is there. */
interface Standing {
  subject: string;
  queue?: string;
  receive: (message: Msg) => void;
  /** The server does not allow it. */
  refused: (error: NatsError) => void;
  current?: Subscription;
}

/**
 * The bus over NATS core. It connects in the background and for ever: what is published meanwhile is lost, requests
 * fail at once, subscriptions stand and come back with the connection.
 */
export class NatsBus implements Bus {
  readonly #options: NatsOptions;
  readonly #line: NatsLine;
  readonly #standing = new Set<Standing>();
  readonly #reconnectListeners = new Set<() => void>();
  /** Called when the line is lost, to fail what waits for an answer. */
  readonly #waiting = new Set<(error: ApiError) => void>();
  readonly #firstConnect = Promise.withResolvers<void>();
  #connection: NatsConnection | undefined;
  #isUp = false;
  #wasUp = false;

  constructor(options: NatsOptions) {
    this.#options = options;
    this.#line = new NatsLine(options, {
      connected: (connection) => this.#connected(connection),
      disconnected: () => this.#disconnected(),
    });
  }

  get isConnected(): boolean {
    return this.#isUp;
  }

  /** Resolves at the first connection; throws after `timeoutMs`: Unauthorized when the server refuses the credentials, else ServiceUnavailable. */
  async ready(timeoutMs = defaultTimeoutMs): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#notReady()), timeoutMs);
    });
    try {
      await Promise.race([this.#firstConnect.promise, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  publish(subject: string, body: unknown): void {
    this.publishBytes(subject, encode(body));
  }

  publishBytes(subject: string, bytes: Uint8Array): void {
    // Without a connection the client would keep it, without bound.
    if (this.#connection === undefined || !this.#isUp) return;
    try {
      this.#connection.publish(subject, bytes);
    } catch (error) {
      throw new ApiError(natsReason(error), `cannot publish to ${subject}: ${messageOf(error)}`, {}, { cause: error });
    }
  }

  async request<T>(
    subject: string,
    body: unknown,
    { timeoutMs = defaultTimeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const connection = this.#connection;
    if (connection === undefined || !this.#isUp) throw this.#unavailable();
    const interrupted = Promise.withResolvers<never>();
    const onAbort = (): void => interrupted.reject(signal?.reason as Error);
    this.#waiting.add(interrupted.reject);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const asked = connection.request(subject, encode(body), { timeout: timeoutMs });
      asked.catch(() => undefined); // an interrupted caller no longer looks
      const answer = await Promise.race([asked, interrupted.promise]);
      if (answer.headers?.has(errorHeader)) throw errorOfReply(parse(answer.data));
      return parse(answer.data) as T;
    } catch (error) {
      if (error instanceof ApiError || signal?.aborted) throw error;
      throw new ApiError(natsReason(error), `no answer to ${subject}: ${describe(error)}`, {}, { cause: error });
    } finally {
      this.#waiting.delete(interrupted.reject);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  serve(subject: string, handler: BusHandler, { queue, signal }: { queue?: string; signal: AbortSignal }): void {
    let serving = 0;
    const answer = async (message: Msg): Promise<void> => {
      try {
        serving += 1;
        if (serving > maxServing) throw new ApiError('TooManyRequests', `too many requests wait at ${subject}`);
        message.respond(encode(await handler(parse(message.data), message.subject)));
      } catch (error) {
        this.#respondError(message, error);
      } finally {
        serving -= 1;
      }
    };
    this.#stand({ subject, queue, receive: (message) => void answer(message), refused: () => undefined }, signal);
  }

  subscribe(subject: string, signal: AbortSignal): AsyncIterable<BusMessage> {
    const queue = new MessageQueue<BusMessage>(() =>
      this.#options.log.warn('messages dropped: the reader is too slow', { subject }),
    );
    signal.addEventListener('abort', () => queue.end(), { once: true });
    if (signal.aborted) queue.end();
    this.#stand(
      {
        subject,
        receive: ({ subject: from, data }) => queue.push({ subject: from, bytes: data, json: () => parse(data) }),
        refused: (error) => queue.end(new ApiError('Forbidden', error.message, {}, { cause: error })),
      },
      signal,
    );
    return queue;
  }

  onReconnect(listener: () => void, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#reconnectListeners.add(listener);
    signal?.addEventListener('abort', () => this.#reconnectListeners.delete(listener), { once: true });
  }

  async flush(): Promise<void> {
    if (this.#connection === undefined || !this.#isUp) throw this.#unavailable();
    try {
      await this.#connection.flush();
    } catch (error) {
      throw new ApiError('ServiceUnavailable', `bus went away: ${messageOf(error)}`, {}, { cause: error });
    }
  }

  /** Dials again, for example with new credentials. */
  async redial(): Promise<void> {
    await this.#line.redial();
  }

  async close(): Promise<void> {
    await this.#line.close();
  }

  #stand(standing: Standing, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#standing.add(standing);
    if (this.#connection !== undefined) subscribeTo(this.#connection, standing);
    const stop = (): void => {
      this.#standing.delete(standing);
      standing.current?.unsubscribe();
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  #connected(connection: NatsConnection): void {
    this.#connection = connection;
    this.#isUp = true;
    for (const standing of this.#standing) subscribeTo(connection, standing);
    this.#firstConnect.resolve();
    if (this.#wasUp) for (const listener of this.#reconnectListeners) listener();
    this.#wasUp = true;
  }

  #disconnected(): void {
    this.#isUp = false;
    for (const fail of this.#waiting) fail(this.#unavailable());
  }

  #respondError(message: Msg, error: unknown): void {
    if (!(error instanceof ApiError)) this.#options.log.error('handler failed', { subject: message.subject, error });
    try {
      const marks = headers();
      marks.set(errorHeader, '1');
      message.respond(encode(replyOfError(error)), { headers: marks });
    } catch (failure) {
      this.#options.log.warn('answer could not be sent', { subject: message.subject, problem: messageOf(failure) });
    }
  }

  #notReady(): ApiError {
    if (!this.#line.isRefused) return this.#unavailable();
    return new ApiError('Unauthorized', `the bus at ${this.#options.servers.join(', ')} refuses these credentials`);
  }

  #unavailable(): ApiError {
    const why = this.#line.problem === '' ? '' : `: ${this.#line.problem}`;
    return new ApiError('ServiceUnavailable', `no connection to the bus at ${this.#options.servers.join(', ')}${why}`);
  }
}

function subscribeTo(connection: NatsConnection, standing: Standing): void {
  if (connection.isClosed()) return;
  standing.current = connection.subscribe(standing.subject, {
    queue: standing.queue,
    callback: (error, message) => (error === null ? standing.receive(message) : standing.refused(error)),
  });
}

function describe(error: unknown): string {
  return natsReason(error) === 'ServiceUnavailable' ? 'nobody listens' : messageOf(error);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function encode(body: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(body ?? null));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch (error) {
    throw new ApiError('BadRequest', `message is not JSON: ${messageOf(error)}`, {}, { cause: error });
  }
}
