import type { Readable } from 'node:stream';
import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { type Endpoint, Endpoints } from './endpoints.ts';
import { exchange } from './http-exchange.ts';
import type { RegistryCredentials } from './image-service.ts';
import { isLocalHost, LocalAddressError, refuseLocalAddress } from './local-addresses.ts';
import { RegistryAuth } from './registry-auth.ts';
import { answerError, connectionError, isPermanent, readRegistryMessage, RegistryError } from './registry-errors.ts';
import { RegistryGate, retryAfterMs } from './registry-gate.ts';
import type { Registries } from './registry-settings.ts';

export interface RegistryRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the endpoint, as `/v2/…`, or a whole URL that the registry has given. */
  target: string;
  /** `repository:<name>:pull` and the like, several with a space between. */
  scope: string;
  /** Begin of error messages: what was wanted. */
  what: string;
  credentials?: RegistryCredentials | undefined;
  headers?: Record<string, string> | undefined;
  /** Made anew for each try. */
  body?: (() => Buffer | Readable) | undefined;
  signal?: AbortSignal | undefined;
}

export interface RegistryAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  /** Must be read or destroyed. */
  body: Readable;
  /** Where it came from at last. */
  url: URL;
}

export interface TransportOptions {
  registries: Registries;
  clock: Clock;
  /** A number from 0 to 1, to spread retries. */
  random?: () => number;
  /** Longest silence, before the answer and in it. */
  progressTimeoutMs?: number;
  /** Longest pause a registry may ask for and get within one pull. */
  maxWaitMs?: number;
}

const tries = 4;
const maxRedirects = 5;
const maxTokenBytes = 1024 * 1024;
const retryDelay = { initialMs: 500, maxMs: 8000 };

/** Sends requests to registries: credentials, redirects, pauses and retries are its business. */
export class RegistryTransport {
  readonly endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #progressTimeoutMs: number;
  readonly #gate: RegistryGate;
  readonly #auth: RegistryAuth;

  constructor({ registries, clock, random = Math.random, ...limits }: TransportOptions) {
    this.endpoints = new Endpoints(registries);
    this.#clock = clock;
    this.#random = random;
    this.#progressTimeoutMs = limits.progressTimeoutMs ?? 30_000;
    this.#gate = new RegistryGate(clock, limits.maxWaitMs ?? 60_000);
    this.#auth = new RegistryAuth(clock, (...request) => this.#token(...request));
  }

  /**
   * The registry's answer when its status is one of `wanted`; anything else is thrown as RegistryError. Tries again
   * after silence, 429 and 5xx, after the pause the registry asks for.
   */
  async send(endpoint: Endpoint, wanted: readonly number[], wish: RegistryRequest): Promise<RegistryAnswer> {
    const { host, origin } = new URL(endpoint.base);
    for (let failures = 1; ; failures += 1) {
      await this.#gate.pass(host, wish.what, wish.signal);
      const error = await this.#authorized(endpoint, wish).then(
        async (answer) => {
          if (wanted.includes(answer.status)) return answer;
          return this.#refusal(answer, host, origin, wish.what);
        },
        (error: unknown) => this.#failure(error, host, wish),
      );
      if (!(error instanceof RegistryError)) return error;
      const isLast = failures >= tries || error.failure !== 'RegistryUnavailable' || isPermanent(error.cause);
      if (isLast) throw error;
      if (error.status !== 429) await this.#clock.sleep(this.#spread(backoffMs(failures, retryDelay)), wish.signal);
    }
  }

  #failure(error: unknown, host: string, { signal, what }: RegistryRequest): RegistryError {
    if (signal?.aborted === true) throw error;
    return error instanceof RegistryError ? error : connectionError(host, what, error);
  }

  /** Notes the pause the registry asks for, for all requests to it. */
  async #refusal(answer: RegistryAnswer, host: string, origin: string, what: string): Promise<RegistryError> {
    const { status, headers, body, url } = answer;
    const asked = retryAfterMs(headers['retry-after'], this.#clock.now());
    if (status === 429 || (status === 503 && asked !== undefined)) {
      this.#gate.hold(host, this.#spread(asked ?? retryDelay.initialMs * 4));
    }
    const isOwn = url.origin === origin;
    if (!isOwn) body.destroy(); // words of a stranger are no help
    const detail = isOwn ? await readRegistryMessage(body) : `redirected to ${url.host}`;
    return answerError(host, what, status, detail);
  }

  #spread(ms: number): number {
    return ms * (1 + this.#random() / 4);
  }

  async #authorized(endpoint: Endpoint, wish: RegistryRequest): Promise<RegistryAnswer> {
    const { origin } = new URL(endpoint.base);
    const { scope, credentials, signal } = wish;
    const answer = await this.#follow(endpoint, wish, this.#auth.header(origin, scope, credentials));
    const challenge = answer.headers['www-authenticate'];
    if (answer.status !== 401 || challenge === undefined || answer.url.origin !== origin) return answer;
    const header = await this.#auth.answer(challenge, { origin, scope, credentials }, signal);
    if (header === undefined) return answer;
    answer.body.destroy();
    return this.#follow(endpoint, wish, header);
  }

  /** Follows redirects of GET and HEAD. The Authorization header goes to the endpoint's own origin only. */
  async #follow(endpoint: Endpoint, wish: RegistryRequest, authorization: string | undefined): Promise<RegistryAnswer> {
    const { origin } = new URL(endpoint.base);
    let url = new URL(wish.target.startsWith('/') ? endpoint.base + wish.target : wish.target);
    for (let redirects = 0; ; redirects += 1) {
      const isOwn = url.origin === origin;
      const headers = { ...wish.headers, ...(isOwn && authorization !== undefined ? { authorization } : {}) };
      const answer = await this.#once(url, endpoint, { ...wish, headers }, origin);
      const location = answer.headers.location;
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
      if (!isRedirect || (wish.method !== 'GET' && wish.method !== 'HEAD')) return answer;
      answer.body.destroy();
      url = nextUrl(location, url, wish.what);
      if (redirects >= maxRedirects) {
        throw new RegistryError(
          'ErrImagePull',
          `${wish.what}: registry ${origin} redirects more than ${maxRedirects} times`,
        );
      }
    }
  }

  /** `from` is the registry that has named `url`: unless it is on this machine or its link itself, it may not lead there. */
  async #once(url: URL, endpoint: Endpoint, wish: RegistryRequest, from: string): Promise<RegistryAnswer> {
    if (url.origin === from) return this.#exchange(url, endpoint, wish, false);
    try {
      refuseLocalAddress(url);
      return await this.#exchange(url, endpoint, wish, true);
    } catch (error) {
      if (!(error instanceof LocalAddressError) || !(await isLocalHost(new URL(from)))) throw error;
      return this.#exchange(url, endpoint, wish, false);
    }
  }

  async #exchange(url: URL, endpoint: Endpoint, wish: RegistryRequest, isElsewhere: boolean): Promise<RegistryAnswer> {
    const body = await exchange(url, {
      method: wish.method,
      headers: { 'user-agent': 'berth', ...wish.headers },
      body: wish.body?.(),
      signal: wish.signal,
      agent: this.endpoints.agent(url, endpoint, isElsewhere),
      silenceMs: this.#progressTimeoutMs,
    });
    const plain = Object.entries(body.headers).map(([key, value]) => {
      return [key, Array.isArray(value) ? value.join(', ') : value];
    });
    return { status: body.statusCode ?? 0, headers: Object.fromEntries(plain) as RegistryAnswer['headers'], body, url };
  }

  async #token(url: URL, from: string, authorization: string | undefined, signal?: AbortSignal): Promise<unknown> {
    const what = `get a token for ${url.searchParams.get('scope') ?? 'the registry'}`;
    const endpoint = { registry: url.host, base: url.origin };
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    await this.#gate.pass(url.host, what, signal);
    const wish: RegistryRequest = { method: 'GET', target: url.href, scope: '', what, headers, signal };
    const answer = await this.#once(url, endpoint, wish, from);
    if (answer.status !== 200) throw await this.#refusal(answer, url.host, url.origin, what);
    const body = await readBounded(answer.body, maxTokenBytes, what);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw new RegistryError('ErrImagePull', `${what}: ${url.host} answered with something that is not JSON`);
    }
  }

  /** Ends all connections. */
  close(): void {
    this.endpoints.close();
  }
}

function nextUrl(location: string, from: URL, what: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (next === undefined || !/^https?:$/.test(next.protocol)) {
    throw new RegistryError('ErrImagePull', `${what}: ${from.host} redirects to something that is not a web address`);
  }
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw new RegistryError('ErrImagePull', `${what}: ${from.host} redirects to ${next.host} without TLS`);
  }
  return next;
}

/** The whole body; throws RegistryError when it is larger than `limit`. */
export async function readBounded(body: Readable, limit: number, what: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > limit) throw new RegistryError('ErrImagePull', `${what}: the answer is larger than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
