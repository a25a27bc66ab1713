import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../../../shared/errors.ts';
import { takeSocketBearer } from './socket-bearer.ts';
import { issuer, type AccountTokens, type TokenBearer } from './tokens/account-tokens.ts';
import { asAuthenticated, type User } from './user.ts';

/** A bearer token the API accepts: only its hash is known here. */
export interface TokenRecord {
  /** Hexadecimal SHA-256. */
  sha256: string;
  user: string;
  groups: readonly string[];
}

/** Recognises users by bearer token, their own or a ServiceAccount's, or by a client certificate of Berth's own authority. */
export class Authenticator {
  readonly #tokens: readonly { digest: Uint8Array; user: User }[];

  readonly #accounts: AccountTokens;

  constructor(tokens: readonly TokenRecord[], accounts: AccountTokens) {
    this.#accounts = accounts;
    this.#tokens = tokens.map(({ sha256, user, groups }) => ({
      digest: Buffer.from(sha256, 'hex'),
      user: { name: user, groups },
    }));
  }

  /** Throws Unauthorized when the request proves nothing, or names a token that is none. */
  authenticate(message: IncomingMessage): User {
    const hidden = takeSocketBearer(message);
    const authorization = message.headers.authorization ?? (hidden && `Bearer ${hidden}`);
    const user = authorization === undefined ? userOfCertificate(message) : this.#userOfHeader(authorization);
    if (user === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    return asAuthenticated(user);
  }

  /** Whose token this is and for which of the wanted audiences; undefined when it is nobody's, or for none of them. */
  bearerOf(token: string, wanted: readonly string[] = [issuer]): TokenBearer | undefined {
    const user = this.#knownUser(token);
    if (user === undefined) return this.#accounts.bearerOf(token, wanted);
    // These tokens are for this API alone.
    return wanted.includes(issuer) ? { user, audiences: [issuer] } : undefined;
  }

  #knownUser(token: string): User | undefined {
    const digest = createHash('sha256').update(token).digest();
    // Every record is compared, so that time tells nothing about which one came close.
    const matching = this.#tokens.filter((known) => isSameDigest(known.digest, digest));
    return matching[0]?.user;
  }

  #userOfHeader(authorization: string): User | undefined {
    const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization) ?? [];
    return token === undefined ? undefined : this.bearerOf(token)?.user;
  }
}

function isSameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function userOfCertificate({ socket }: IncomingMessage): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate() as { subject?: { CN?: unknown; O?: unknown } };
  const name = subject?.CN;
  if (typeof name !== 'string') return undefined;
  const groups = [subject?.O ?? []].flat().filter((group) => typeof group === 'string');
  return { name, groups };
}
