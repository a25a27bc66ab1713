import { connect, ErrorCode, Events, jwtAuthenticator, type NatsConnection, type NatsError } from 'nats';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export interface NatsOptions {
  /** Shown by the server. */
  name: string;
  /** `nats://host:port` or `tls://host:port`. */
  servers: string[];
  /** PEM of the certificate authority; TLS is required when it is given. */
  ca?: string;
  /** Absent: an open server, for tests only. `jwt` is asked at every (re)connect, so that it may be renewed. */
  credentials?: { jwt: () => string; seed: string };
  /** Where answers come back; the credential must allow it. */
  inboxPrefix?: string;
  log: Logger;
}

export interface NatsListener {
  /** A connection is there; it knows no subscription. */
  connected(connection: NatsConnection): void;
  disconnected(): void;
}

const retryMs = 250;
const jitterMs = 1000;

/**
 * One connection that never gives up: it is opened in the background and made anew whenever it is lost. Tells its
 * listener about every change.
 */
export class NatsLine {
  readonly #options: NatsOptions;
  readonly #listener: NatsListener;
  readonly #wake = new AbortController();
  readonly #running: Promise<void>;
  #connection: NatsConnection | undefined;
  #lastError: unknown;
  #wasLost = false;

  constructor(options: NatsOptions, listener: NatsListener) {
    this.#options = options;
    this.#listener = listener;
    this.#running = this.#run();
  }

  /** Why there is no connection yet; '' when nothing is known. */
  get problem(): string {
    return this.#lastError === undefined ? '' : messageOf(this.#lastError);
  }

  /** The server is there and does not take these credentials. */
  get isRefused(): boolean {
    return (this.#lastError as Partial<NatsError> | undefined)?.code === ErrorCode.AuthorizationViolation;
  }

  async close(): Promise<void> {
    this.#wake.abort();
    await this.#connection?.close();
    await this.#running;
  }

  /** Drops the line and dials again, for example with new credentials. */
  async redial(): Promise<void> {
    if (this.#connection?.isClosed() === false) await this.#connection.reconnect();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#connection = await connect(connectOptions(this.#options));
        if (this.#wasLost) this.#options.log.info('bus connection is back');
        this.#lastError = undefined;
        if (this.#isClosed) await this.#connection.close();
        else await this.#follow(this.#connection);
      } catch (error) {
        const problem = messageOf(error);
        if (problem !== this.problem) this.#options.log.warn('bus is not reachable', { problem });
        this.#lastError = error;
      }
      await pause(retryMs + Math.random() * jitterMs, this.#wake.signal);
    }
  }

  get #isClosed(): boolean {
    return this.#wake.signal.aborted;
  }

  async #follow(connection: NatsConnection): Promise<void> {
    this.#listener.connected(connection);
    // Not waited for: the client leaves this iterator open for ever when it is closed.
    this.#readStatus(connection).catch((error: unknown) => this.#options.log.error('bus status lost', { error }));
    const reason = await connection.closed();
    this.#wasLost = true;
    this.#listener.disconnected();
    if (!this.#isClosed) this.#options.log.warn('bus connection lost', { problem: messageOf(reason ?? '') });
  }

  /** The status events must be read always: a refused publish shows nowhere else. */
  async #readStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === Events.Error) {
        this.#options.log.warn('bus refused something', { code: status.data, ...status.permissionContext });
      }
    }
  }
}

function connectOptions({ name, servers, ca, credentials, inboxPrefix }: NatsOptions): Parameters<typeof connect>[0] {
  const seed = credentials === undefined ? undefined : new TextEncoder().encode(credentials.seed);
  return {
    name,
    servers,
    ...(ca !== undefined && { tls: { ca } }),
    ...(credentials !== undefined && { authenticator: jwtAuthenticator(credentials.jwt, seed) }),
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    // A dial that was given up and gets through late would take the client's state from the connection that stands.
    reconnect: false,
    // A frozen server is noticed by unanswered pings only.
    pingInterval: 5000,
    maxPingOut: 2,
    timeout: 5000,
  };
}

/** Resolves after `ms` or when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** What went wrong with a request, as a caller acts on it. */
export function natsReason(
  error: unknown,
): 'Timeout' | 'ServiceUnavailable' | 'Forbidden' | 'RequestEntityTooLarge' | 'InternalError' {
  switch ((error as Partial<NatsError>).code) {
    case ErrorCode.Timeout:
      return 'Timeout';
    case ErrorCode.NoResponders:
    case ErrorCode.ConnectionClosed:
    case ErrorCode.ConnectionRefused:
    case ErrorCode.Disconnect:
      return 'ServiceUnavailable';
    case ErrorCode.PermissionsViolation:
      return 'Forbidden';
    case ErrorCode.MaxPayloadExceeded:
      return 'RequestEntityTooLarge';
    case undefined:
    default:
      return 'InternalError';
  }
}
