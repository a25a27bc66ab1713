import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { ApiError, type ErrorDetails, type Reason } from '../../shared/errors.ts';
import { http } from '../../shared/http.ts';
import type { Connection } from './kubeconfig.ts';

export interface CallOptions {
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

const connectTimeoutMs = 15_000;
/** More texts than this are not compared with later ones. */
const maxWarnings = 1000;

/** A thin client of the public API. Errors of the server come back as ApiError with its own words. */
export class ApiClient {
  readonly connection: Connection;
  readonly #agent: Agent;
  readonly #warnings = new Set<string>();
  #repeatedWarnings = 0;
  /** Called with each Warning header of the server. */
  onWarning: (text: string) => void = (text) => this.#warnOnce(text);

  constructor(connection: Connection) {
    this.connection = connection;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 64,
      ca: connection.ca,
      cert: connection.clientCertificate,
      key: connection.clientKey,
      rejectUnauthorized: !connection.insecure,
    });
  }

  /** Sends and parses JSON. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.open(method, path, options);
    const text = (await buffer(response)).toString();
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const what = `${this.connection.server} does not answer as a Kubernetes API`;
      throw new ApiError(
        'InternalError',
        `${what}: check the server in ${this.connection.source}`,
        {},
        { cause: error },
      );
    }
  }

  /** Sends and gives the response to read as it comes. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const response = await this.#send(method, path, options);
    for (const warning of readWarnings(response.headers.warning)) this.onWarning(warning);
    if ((response.statusCode ?? 500) < 300) return response;
    throw this.refusal(response.statusCode ?? 500, (await buffer(response)).toString());
  }

  /** What the server refuses a request with, as an error. */
  refusal(code: number, body: string): ApiError {
    const error = toApiError(code, body);
    if (error.reason !== 'Unauthorized') return error;
    const message = `the server does not accept the credentials in ${this.connection.source}: they are wrong or have expired`;
    return new ApiError('Unauthorized', message, error.details);
  }

  /** What keeps the server from being reached, as an error that says what to do. */
  unreachable(error: NodeJS.ErrnoException): ApiError {
    const { server, source } = this.connection;
    const message = `cannot reach ${server}: ${explain(error, source)}`;
    return new ApiError('ServiceUnavailable', message, {}, { cause: error });
  }

  /** Where a WebSocket may connect, with what a client needs to be let in. */
  socketTarget(path: string): {
    url: string;
    headers: Record<string, string | string[]>;
    tls: Record<string, unknown>;
  } {
    const { server, ca, clientCertificate, clientKey, insecure } = this.connection;
    return {
      url: `${server.replace(/^http/, 'ws')}${path}`,
      headers: this.#authorization(),
      tls: { ca, cert: clientCertificate, key: clientKey, rejectUnauthorized: !insecure },
    };
  }

  close(): void {
    this.#agent.destroy();
    if (this.#repeatedWarnings === 0) return;
    const objects = this.#repeatedWarnings === 1 ? 'one more object' : `${this.#repeatedWarnings} more objects`;
    process.stderr.write(`Warning: the same for ${objects}\n`);
    this.#repeatedWarnings = 0;
  }

  /** As kubectl, and with one line at the end for all that was said before. */
  #warnOnce(text: string): void {
    if (this.#warnings.has(text)) {
      this.#repeatedWarnings += 1;
      return;
    }
    if (this.#warnings.size < maxWarnings) this.#warnings.add(text);
    process.stderr.write(`Warning: ${text}\n`);
  }

  #authorization(): Record<string, string | string[]> {
    const { token, impersonate: { user, groups = [], uid } = {} } = this.connection;
    return {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(user !== undefined && { 'impersonate-user': user }),
      ...(groups.length > 0 && { 'impersonate-group': [...groups] }),
      ...(uid !== undefined && { 'impersonate-uid': uid }),
    };
  }

  #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const url = new URL(this.connection.server + path);
    for (const [key, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const body = options.body === undefined ? undefined : encode(options.body);
    const headers: Record<string, string | string[]> = {
      ...this.#authorization(),
      accept: options.accept ?? 'application/json',
      'user-agent': 'berth',
    };
    if (body !== undefined) {
      headers['content-type'] = options.contentType ?? 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body)); // Node leaves it out of a DELETE
    }
    const isPlain = url.protocol === 'http:';
    const how: RequestOptions = { method, headers, signal: options.signal, ...(!isPlain && { agent: this.#agent }) };
    return new Promise((resolve, reject) => {
      const sending = (isPlain ? http.request : httpsRequest)(url, how, resolve);
      limitConnecting(sending);
      sending.on('error', (error) => reject(this.unreachable(error)));
      sending.end(body);
    });
  }
}

/** A server that drops packets must not keep anybody waiting; one that is connected may take its time. */
function limitConnecting(sending: ClientRequest): void {
  const timer = setTimeout(() => sending.destroy(new Error('no answer within 15 s')), connectTimeoutMs);
  const stop = (): void => clearTimeout(timer);
  sending.once('close', stop);
  sending.once('socket', (socket) => {
    if (!socket.connecting) stop();
    else socket.once('connect', stop);
  });
}

function explain(error: NodeJS.ErrnoException, source: string): string {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') return `nothing listens there: is Berth running ('berth up')?`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no such host: check the server in ${source}`;
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired: check the clocks of both machines`;
  if (/^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT)/.test(code)) {
    return `its certificate is not the one that ${source} expects (${code})`;
  }
  if (code === 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED') return `the client certificate in ${source} has expired`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return `it does not speak TLS: check the server in ${source}`;
  if (code === 'ECONNRESET') return 'it closed the connection';
  return error.message;
}

function encode(body: unknown): string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** `299 - "text"`, several joined by commas (RFC 9111 section 5.5 kept from RFC 7234). */
function readWarnings(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '');
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
}

function toApiError(code: number, body: string): ApiError {
  try {
    const status = JSON.parse(body) as { message?: string; reason?: Reason; details?: ErrorDetails };
    return new ApiError(status.reason ?? 'InternalError', status.message ?? `HTTP ${code}`, status.details ?? {});
  } catch {
    const reason: Reason = code === 404 ? 'NotFound' : code === 401 ? 'Unauthorized' : 'InternalError';
    const text = body.trim().slice(0, 200);
    return new ApiError(reason, `the server answered ${code}, and not as a Kubernetes API does: ${text}`);
  }
}
