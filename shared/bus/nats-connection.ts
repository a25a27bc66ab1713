import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect, DebugEvents, ErrorCode, Events, jwtAuthenticator, NatsError, type NatsConnection } from 'nats';
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
  /** How often a quiet server is asked for a sign of life; the third time without one, it is lost. Default 5 s. */
  pingMs?: number;
  /** How long one dial may take. Default 5 s. */
  dialWithinMs?: number;
  log: Logger;
}

export interface NatsListener {
  /** A connection is there; it knows no subscription. */
  connected(connection: NatsConnection): void;
  disconnected(): void;
}

const retryMs = 250;
const jitterMs = 1000;
const defaultPingMs = 5000;
const defaultDialMs = 5000;

/**
 * One connection that never gives up: it is opened in the background and made anew whenever it is lost. Tells its
 * listener about every change.
 */
export class NatsLine {
  readonly #options: NatsOptions;
  readonly #listener: NatsListener;
  readonly #wake = new AbortController();
  #connection: NatsConnection | undefined;
  #lastError: unknown;
  #wasLost = false;

  constructor(options: NatsOptions, listener: NatsListener) {
    this.#options = options;
    this.#listener = listener;
    void this.#run();
  }

  /** Why there is no connection yet; '' when nothing is known. */
  get problem(): string {
    return this.#lastError === undefined ? '' : messageOf(this.#lastError);
  }

  /** The server is there and does not take these credentials. */
  get isRefused(): boolean {
    return codeOf(this.#lastError) === ErrorCode.AuthorizationViolation;
  }

  get isClosed(): boolean {
    return this.#wake.signal.aborted;
  }

  /** Ends the connection; a dial in flight is not waited for, and comes to nothing. */
  async close(): Promise<void> {
    this.#wake.abort();
    await this.#connection?.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#wake;
    while (!this.isClosed) {
      try {
        this.#connection = await this.#dial();
        if (this.#wasLost) this.#options.log.info('bus connection is back');
        this.#lastError = undefined;
        if (this.isClosed) await this.#connection.close();
        else await this.#follow(this.#connection);
      } catch (error) {
        const problem = messageOf(error);
        if (!this.isClosed && problem !== this.problem) this.#options.log.warn('bus is not reachable', { problem });
        this.#lastError = error;
      }
      await pause(retryMs + Math.random() * jitterMs, signal);
    }
  }

  /**
   * The client never lets go of the socket of a dial that took too long. So after one, only servers that are seen to
   * answer are dialled.
   */
  async #dial(): Promise<NatsConnection> {
    const { servers } = this.#options;
    const hasFailed = this.#lastError !== undefined;
    const isWary = hasFailed && (servers.length > 1 || codeOf(this.#lastError) === ErrorCode.Timeout);
    const answering = isWary ? await this.#findAnswering() : servers;
    return connect(connectOptions({ ...this.#options, servers: answering }));
  }

  async #findAnswering(): Promise<string[]> {
    const { servers, dialWithinMs = defaultDialMs } = this.#options;
    const answers = await Promise.all(servers.map((url) => isAnswering(url, dialWithinMs, this.#wake.signal)));
    if (!answers.includes(true)) throw NatsError.errorForCode(ErrorCode.Timeout);
    return servers.filter((_url, index) => answers[index]);
  }

  async #follow(connection: NatsConnection): Promise<void> {
    this.#listener.connected(connection);
    // Not waited for: the client leaves this iterator open for ever when it is closed.
    this.#readStatus(connection).catch((error: unknown) => this.#options.log.error('bus status lost', { error }));
    const reason = await connection.closed();
    this.#wasLost = true;
    this.#listener.disconnected();
    if (!this.isClosed) this.#options.log.warn('bus connection lost', { problem: messageOf(reason ?? '') });
  }

  /** The status events must be read always: a refused publish shows nowhere else. */
  async #readStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      // The client itself would first wait until a frozen server has taken what was sent.
      if (status.type === DebugEvents.StaleConnection) await connection.close();
      if (status.type === Events.Error) {
        this.#options.log.warn('bus refused something', { code: status.data, ...status.permissionContext });
      }
    }
  }
}

/** True when a server greets a client, as each does first. */
async function isAnswering(url: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 4222) });
  socket.setTimeout(withinMs, () => socket.destroy());
  try {
    const ended = once(socket, 'close', { signal }).then(() => false);
    return await Promise.race([once(socket, 'data', { signal }).then(() => true), ended]);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function connectOptions(options: NatsOptions): Parameters<typeof connect>[0] {
  const { name, servers, ca, credentials, inboxPrefix } = options;
  const { pingMs = defaultPingMs, dialWithinMs = defaultDialMs } = options;
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
    pingInterval: pingMs,
    maxPingOut: 2,
    timeout: dialWithinMs,
  };
}

function codeOf(error: unknown): string | undefined {
  return (error as Partial<NatsError> | undefined)?.code;
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
  switch (codeOf(error)) {
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
