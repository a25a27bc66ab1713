import type { Clock } from '../../shared/clock.ts';
import type { RegistryCredentials } from './image-service.ts';
import { RegistryError } from './registry-errors.ts';

/** A `WWW-Authenticate` header taken apart: scheme in lower case, parameters by lower-case name. */
export interface Challenge {
  scheme: string;
  parameters: Map<string, string>;
}

/** Asks the token endpoint that the registry at `origin` names; `authorization` is the user's own or undefined. Throws RegistryError. */
export type TokenRequest = (
  url: URL,
  origin: string,
  authorization: string | undefined,
  signal?: AbortSignal,
) => Promise<unknown>;

interface Token {
  header: string;
  goodUntil: number;
}

const defaultLifeMs = 60_000;
const maxCached = 1000;

/** Reads the challenges of a 401. Commas stand between challenges and between parameters; values may be quoted. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const piece = /([A-Za-z][\w-]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;
  for (const [, word = '', quoted, plain] of header.slice(0, 8192).matchAll(piece)) {
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(word.toLowerCase(), value);
  }
  return challenges;
}

function basicHeader({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Keeps what to send as `Authorization`: per registry, scope and user. */
export class RegistryAuth {
  readonly #clock: Clock;
  readonly #requestToken: TokenRequest;
  readonly #tokens = new Map<string, Token>();

  constructor(clock: Clock, requestToken: TokenRequest) {
    this.#clock = clock;
    this.#requestToken = requestToken;
  }

  /** The header known to work, if any. */
  header(origin: string, scope: string, credentials: RegistryCredentials | undefined): string | undefined {
    const key = keyOf(origin, scope, credentials);
    const token = this.#tokens.get(key);
    if (token === undefined || this.#clock.monotonic() < token.goodUntil) return token?.header;
    this.#tokens.delete(key);
    return undefined;
  }

  /** Answers a 401; undefined when there is nothing to answer it with. Throws RegistryError when no token is given. */
  async answer(
    challenge: string,
    { origin, scope, credentials }: { origin: string; scope: string; credentials: RegistryCredentials | undefined },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const key = keyOf(origin, scope, credentials);
    this.#tokens.delete(key);
    const challenges = parseChallenges(challenge);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      const token = await this.#fetch(bearer, origin, scope, credentials, signal);
      this.#keep(key, token);
      return token.header;
    }
    if (credentials === undefined || !challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    const header = basicHeader(credentials);
    this.#keep(key, { header, goodUntil: Number.POSITIVE_INFINITY });
    return header;
  }

  async #fetch(
    { parameters }: Challenge,
    origin: string,
    scope: string,
    credentials: RegistryCredentials | undefined,
    signal?: AbortSignal,
  ): Promise<Token> {
    const url = tokenUrl(parameters.get('realm'), origin);
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.delete('scope');
    for (const one of scope.split(' ')) url.searchParams.append('scope', one);
    const asked = this.#clock.monotonic();
    const answer = await this.#requestToken(url, origin, credentials && basicHeader(credentials), signal);
    const { token, access_token, expires_in } = (answer ?? {}) as Record<string, unknown>;
    const text = typeof token === 'string' && token !== '' ? token : access_token;
    if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
      throw new RegistryError('ErrImagePull', `the token service ${url.host} of registry ${origin} gave no token`);
    }
    const lifeMs = typeof expires_in === 'number' && expires_in > 0 ? expires_in * 1000 : defaultLifeMs;
    // Used for less than its life: it must still be good when the request arrives.
    return { header: `Bearer ${text}`, goodUntil: asked + lifeMs * 0.9 };
  }

  #keep(key: string, token: Token): void {
    const oldest = this.#tokens.keys().next();
    if (this.#tokens.size >= maxCached && oldest.done !== true) this.#tokens.delete(oldest.value);
    this.#tokens.set(key, token);
  }
}

/** The user's password goes to the token service, so it must be as safe as the registry itself. */
function tokenUrl(realm: string | undefined, origin: string): URL {
  const url = URL.canParse(realm ?? '') ? new URL(realm ?? '') : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RegistryError('ErrImagePull', `registry ${origin} names no token service that can be asked`);
  }
  if (url.protocol === 'http:' && origin.startsWith('https:')) {
    throw new RegistryError('ErrImagePull', `registry ${origin} names a token service without TLS, ${url.host}`);
  }
  return url;
}

function keyOf(origin: string, scope: string, credentials: RegistryCredentials | undefined): string {
  return JSON.stringify([origin, scope, credentials?.username, credentials?.password]);
}
