import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ApiError, type ErrorDetails, type Reason } from '../shared/errors.ts';
import type { Connection } from './kubeconfig.ts';

export interface CallOptions {
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

/** A thin client of the public API. Errors of the server come back as ApiError with its own words. */
export class ApiClient {
  readonly connection: Connection;
  readonly #agent: Agent;
  /** Called with each Warning header of the server. */
  onWarning: (text: string) => void = (text) => process.stderr.write(`Warning: ${text}\n`);

  constructor(connection: Connection) {
    this.connection = connection;
    this.#agent = new Agent({
      keepAlive: true,
      ca: connection.ca,
      cert: connection.clientCertificate,
      key: connection.clientKey,
      rejectUnauthorized: !connection.insecure,
    });
  }

  /** Sends and parses JSON. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.open(method, path, options);
    return JSON.parse((await buffer(response)).toString()) as T;
  }

  /** Sends and gives the response to read as it comes. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const response = await this.#send(method, path, options);
    for (const warning of readWarnings(response.headers.warning)) this.onWarning(warning);
    if ((response.statusCode ?? 500) < 300) return response;
    throw toApiError(response.statusCode ?? 500, (await buffer(response)).toString());
  }

  /** Where a WebSocket may connect, with what a client needs to be let in. */
  socketTarget(path: string): { url: string; headers: Record<string, string>; tls: Record<string, unknown> } {
    const { server, ca, clientCertificate, clientKey, insecure } = this.connection;
    return {
      url: `${server.replace(/^http/, 'ws')}${path}`,
      headers: this.#authorization(),
      tls: { ca, cert: clientCertificate, key: clientKey, rejectUnauthorized: !insecure },
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  #authorization(): Record<string, string> {
    return this.connection.token === undefined ? {} : { authorization: `Bearer ${this.connection.token}` };
  }

  #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const url = new URL(this.connection.server + path);
    for (const [key, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const body = options.body === undefined ? undefined : encode(options.body);
    const headers: Record<string, string> = {
      ...this.#authorization(),
      accept: options.accept ?? 'application/json',
      'user-agent': 'berth',
    };
    if (body !== undefined) {
      headers['content-type'] = options.contentType ?? 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body)); // Node leaves it out of a DELETE
    }
    return new Promise((resolve, reject) => {
      const sending = httpsRequest(url, { method, headers, agent: this.#agent, signal: options.signal }, resolve);
      sending.on('error', (error: NodeJS.ErrnoException) => {
        const refused = error.code === 'ECONNREFUSED';
        const hint = refused ? `nothing listens on ${url.host}: is Berth running ('berth up')?` : error.message;
        reject(new ApiError('ServiceUnavailable', `cannot reach ${url.origin}: ${hint}`, {}, { cause: error }));
      });
      sending.end(body);
    });
  }
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
    return new ApiError(reason, `the server answered ${code}: ${body.trim().slice(0, 200)}`);
  }
}
