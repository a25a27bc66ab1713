import { headers, type Msg, type NatsConnection, type NatsError, type Subscription } from 'nats';
import { ApiError, messageOf } from '../errors.ts';
import { natsReason, NatsLine, type NatsOptions } from './nats-connection.ts';
import { BoundedWaits, type WaitLimits } from './bounded-waits.ts';
import type { Bus, BusHandler, BusMessage, ServeOptions, WaitOptions } from './bus.ts';
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
  readonly #disconnectListeners = new Set<() => void>();
  /** What waits for the server; a lost connection ends it. */
  readonly #waits = new BoundedWaits();
  /** What waits for a connection; closing ends it. */
  readonly #dialing = new BoundedWaits();
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

  /** Resolves at the first connection. Throws after the limit: Unauthorized when the server refuses the credentials, else ServiceUnavailable. */
  async ready({ timeoutMs = defaultTimeoutMs, signal }: WaitOptions = {}): Promise<void> {
    if (this.#line.isClosed) throw this.#unavailable();
    const late = (): ApiError => this.#notReady();
    await this.#dialing.wait(() => this.#firstConnect.promise, { timeoutMs, late, signal });
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

  async request<T>(subject: string, body: unknown, options: WaitOptions = {}): Promise<T> {
    const limits = limitsOf(options, `no answer to ${subject}`);
    const ask = (connection: NatsConnection): Promise<Msg> =>
      connection.request(subject, encode(body), { timeout: limits.timeoutMs });
    const answer = await this.#whileConnected(`no answer to ${subject}`, ask, limits);
    if (answer.headers?.has(errorHeader)) throw errorOfReply(parse(answer.data));
    return parse(answer.data) as T;
  }

  serve(subject: string, handler: BusHandler, { queue, inboxOf, signal }: ServeOptions): void {
    let serving = 0;
    const answer = async (message: Msg): Promise<void> => {
      const { reply = '' } = message;
      if (reply !== '' && inboxOf !== undefined && !reply.startsWith(`${inboxOf(message.subject)}.`)) {
        this.#options.log.warn('request with a foreign reply subject dropped', { subject: message.subject, reply });
        return;
      }
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

  onDisconnect(listener: () => void, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#disconnectListeners.add(listener);
    signal?.addEventListener('abort', () => this.#disconnectListeners.delete(listener), { once: true });
  }

  async flush(options: WaitOptions = {}): Promise<void> {
    const what = 'the bus does not answer';
    await this.#whileConnected(what, (connection) => connection.flush(), limitsOf(options, what));
  }

  async close(): Promise<void> {
    await this.#line.close();
    this.#dialing.failAll(this.#unavailable());
  }

  /** The client leaves waits of a lost connection open, or says that they took too long. */
  async #whileConnected<T>(
    what: string,
    work: (connection: NatsConnection) => Promise<T>,
    limits: WaitLimits,
  ): Promise<T> {
    const connection = this.#connection;
    limits.signal?.throwIfAborted();
    if (connection === undefined || !this.#isUp) throw this.#unavailable();
    try {
      return await this.#waits.wait(() => work(connection), limits);
    } catch (error) {
      if (error instanceof ApiError || limits.signal?.aborted) throw error;
      if (connection.isClosed()) throw this.#unavailable();
      throw new ApiError(natsReason(error), `${what}: ${describe(error)}`, {}, { cause: error });
    }
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
    this.#waits.failAll(this.#unavailable());
    for (const listener of this.#disconnectListeners) listener();
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

function limitsOf({ timeoutMs = defaultTimeoutMs, signal }: WaitOptions, what: string): WaitLimits {
  return { timeoutMs, signal, late: () => new ApiError('Timeout', `${what} within ${timeoutMs / 1000} s`) };
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
