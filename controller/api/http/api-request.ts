import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError } from '../../../shared/errors.ts';
import type { User } from '../access/user.ts';
import type { RequestLabels } from '../metrics.ts';
import { readBody } from './body.ts';

/** What is found out about a request while it is answered. */
export interface RequestNotes {
  /** Sent as Warning headers. */
  warnings: string[];
  labels: RequestLabels;
  /** Who proved to have sent it. */
  sender?: User;
  /** Whom the sender may act as, and does. */
  actsAs?: User;
}

/** One request as handlers see it. What it brings is untrusted. */
export class ApiRequest {
  readonly method: string;
  /** Decoded parts between slashes; an empty part stays, so that `/api//v1` is not `/api/v1`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** What a proxy path asks the other server for. */
  readonly proxied: ProxiedPath;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client is gone or the server closes. */
  readonly signal: AbortSignal;
  readonly user: User;
  readonly notes: RequestNotes;
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage, target: RequestTarget, user: User, notes: RequestNotes, signal: AbortSignal) {
    this.method = message.method ?? 'GET';
    this.segments = target.segments;
    this.query = target.query;
    this.proxied = target.proxied;
    this.headers = message.headers;
    this.signal = signal;
    this.user = user;
    this.notes = notes;
    this.#message = message;
  }

  /** The whole body. Throws RequestEntityTooLarge; a second call is a programming error. */
  body(): Promise<Uint8Array> {
    return readBody(this.#message);
  }

  /** Media type of the body in lower case without parameters; '' when none is named. */
  get contentType(): string {
    return (this.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  }

  /** The value of a boolean query parameter: false when it is absent, `false` or `0`, as in Kubernetes. */
  flag(name: string): boolean {
    const value = this.query.get(name)?.toLowerCase();
    return value !== undefined && value !== 'false' && value !== '0';
  }

  /** The value of a query parameter that is a whole number of at least 0. Throws BadRequest for anything else. */
  count(name: string): number | undefined {
    const text = this.query.get(name);
    if (text === null || text === '') return undefined;
    if (!/^[0-9]{1,15}$/.test(text)) {
      throw new ApiError('BadRequest', `invalid value for the query parameter ${name}: ${JSON.stringify(text)}`);
    }
    return Number(text);
  }
}

/** What follows `/proxy`, untouched: it means something to the other server alone. */
export interface ProxiedPath {
  /** '' or beginning with a slash. */
  path: string;
  /** '' or beginning with a question mark. */
  query: string;
}

export interface RequestTarget {
  segments: readonly string[];
  query: URLSearchParams;
  proxied: ProxiedPath;
}

const objectPath = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/./;
const proxyPath = /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(?=\/|$)/;

/**
 * Reads the request line's target. A slash at the end of a path that names no objects means nothing: generated clients
 * ask for `/version/` and `/apis/`. Throws BadRequest when it is no path or not decodable.
 */
export function parseTarget(url: string | undefined): RequestTarget {
  if (url === undefined || !url.startsWith('/')) throw new ApiError('BadRequest', 'the request target is not a path');
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  const path = proxyPath.exec(whole)?.[1] ?? whole;
  const proxied = { path: whole.slice(path.length), query: mark < 0 ? '' : url.slice(mark) };
  // In the path of objects an empty last part is a name that was left out, which must never stand for all of them.
  const named = objectPath.test(path) ? path : path.replace(/(?<=.)\/$/, '');
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  try {
    return { segments: named.slice(1).split('/').map(decodeSegment), query, proxied };
  } catch (error) {
    throw new ApiError('BadRequest', 'the request path is not valid percent-encoding', {}, { cause: error });
  }
}

function decodeSegment(text: string): string {
  const decoded = decodeURIComponent(text);
  // A slash or a control character in a name can only be meant to confuse whoever uses the name later.
  if (/[\p{Cc}/]/u.test(decoded)) throw new URIError('forbidden character');
  return decoded;
}
