import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../../shared/errors.ts';
import { resourceName } from '../../shared/objects/resources.ts';
import type { ResourceTarget } from './resource-path.ts';

/** Who sent a request. */
export interface User {
  name: string;
  groups: readonly string[];
}

/** A bearer token the API accepts: only its hash is known here. */
export interface TokenRecord {
  /** Hexadecimal SHA-256. */
  sha256: string;
  user: string;
  groups: readonly string[];
}

/** The group that may do everything; in this version there is no other right. */
const masters = 'system:masters';

/** The user of an open path, or of a route that checks its caller itself. */
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Recognises users by bearer token or by a client certificate of Berth's own authority. */
export class Authenticator {
  readonly #tokens: readonly { digest: Uint8Array; user: User }[];

  constructor(tokens: readonly TokenRecord[]) {
    this.#tokens = tokens.map(({ sha256, user, groups }) => ({
      digest: Buffer.from(sha256, 'hex'),
      user: { name: user, groups },
    }));
  }

  /** Throws Unauthorized when the request proves nothing, or names a token that is none. */
  authenticate(message: IncomingMessage): User {
    const { authorization } = message.headers;
    const user = authorization === undefined ? userOfCertificate(message) : this.#userOfToken(authorization);
    if (user === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    return user;
  }

  #userOfToken(authorization: string): User | undefined {
    const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization) ?? [];
    if (token === undefined) return undefined;
    const digest = createHash('sha256').update(token).digest();
    // Every record is compared, so that time tells nothing about which one came close.
    const matching = this.#tokens.filter((known) => isSameDigest(known.digest, digest));
    return matching[0]?.user;
  }
}

/** Throws Forbidden unless the user may use this resource. */
export function authorizeResource(user: User, verb: string, { info, namespace, name }: ResourceTarget): void {
  if (isMaster(user)) return;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `cannot ${verb} resource "${info.plural}" in API group "${info.group}" ${where}`;
  const subject = name === undefined ? resourceName(info) : `${resourceName(info)} ${JSON.stringify(name)}`;
  const message = `${subject} is forbidden: User ${JSON.stringify(user.name)} ${what}`;
  throw new ApiError('Forbidden', message, { name, kind: info.plural, group: info.group || undefined });
}

/** Throws Forbidden unless the user may use paths that are no resources. */
export function authorizePath(user: User, verb: string, path: string): void {
  if (isMaster(user)) return;
  const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`;
  throw new ApiError('Forbidden', message);
}

function isMaster({ groups }: User): boolean {
  return groups.includes(masters);
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
