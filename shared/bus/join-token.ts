import { ApiError } from '../errors.ts';
import { asCount, asFields, asList, asName, asText } from './check-values.ts';
import { isSignedBy, isUserPublicKey, signBySeed } from './nats-user.ts';

/** All that a machine needs to become a node: where the bus is, whom to trust, and a secret that was counted. */
export interface JoinToken {
  id: string;
  secret: string;
  urls: string[];
  /** PEM of the authority: nobody else is believed. Absent: a bus without TLS, for tests only. */
  ca?: string;
  /** Credentials of a user that may do nothing but ask to join. */
  jwt: string;
  seed: string;
}

export interface JoinRequest {
  id: string;
  secret: string;
  node: string;
  /** The public half of a key that was made on the node and stays there. */
  publicKey: string;
  /** Shows that whoever asks has the other half: its signature of all the rest. */
  proof: string;
}

export interface JoinReply {
  /** For a day; renewed at half of it. */
  jwt: string;
  /** Good for asking for a new one, without end. */
  renewalJwt: string;
  clusterId: string;
}

export interface RenewReply {
  jwt: string;
}

const version = 'berth1';

/** One line of letters, digits, `-` and `_` behind the version. */
export function formatJoinToken(token: JoinToken): string {
  return `${version}.${Buffer.from(JSON.stringify(token)).toString('base64url')}`;
}

/** Throws BadRequest with what to do. */
export function parseJoinToken(text: string): JoinToken {
  const [prefix, content, ...rest] = text.trim().split('.');
  if (prefix !== version || content === undefined || rest.length > 0) {
    const hint = /^berth\d+$/.test(prefix ?? '')
      ? 'it is of another version of Berth'
      : 'make one with "berth token create"';
    throw new ApiError('BadRequest', `this is not a join token: ${hint}`);
  }
  let fields: Record<string, unknown>;
  try {
    fields = asFields(JSON.parse(Buffer.from(content, 'base64url').toString()), 'token');
  } catch (error) {
    throw new ApiError('BadRequest', 'the join token is damaged: copy all of it', {}, { cause: error });
  }
  return {
    id: asName(fields.id, 'token.id'),
    secret: asText(fields.secret, 'token.secret'),
    urls: asList(fields.urls, 'token.urls', 16, asText),
    ...(fields.ca !== undefined && { ca: asText(fields.ca, 'token.ca', 16_384) }),
    jwt: asText(fields.jwt, 'token.jwt', 4096),
    seed: asText(fields.seed, 'token.seed', 128),
  };
}

const longestNodeName = 200;

/** The request, signed with the key that it brings. */
export function signJoin(request: Omit<JoinRequest, 'proof'>, seed: string): JoinRequest {
  return { ...request, proof: signBySeed(seed, proven(request)) };
}

/** What a proof is of: no part of a request can be used with another one. */
function proven({ id, secret, node, publicKey }: Omit<JoinRequest, 'proof'>): string {
  return JSON.stringify(['berth join', id, secret, node, publicKey]);
}

/** Throws BadRequest, and Forbidden when the proof is none. */
export function checkJoin(body: unknown): JoinRequest {
  const { id, secret, node, publicKey, proof } = asFields(body, 'join');
  const key = asText(publicKey, 'publicKey', 64);
  if (!isUserPublicKey(key)) throw new ApiError('BadRequest', 'publicKey: must be the public key of a user');
  const name = asName(node, 'node');
  if (name.length > longestNodeName) {
    throw new ApiError('BadRequest', `node: must be at most ${longestNodeName} characters`);
  }
  const request = { id: asName(id, 'id'), secret: asText(secret, 'secret', 128), node: name, publicKey: key };
  const signature = asText(proof, 'proof', 128);
  if (!isSignedBy(key, proven(request), signature)) {
    throw new ApiError('Forbidden', 'proof: is not signed with the private half of publicKey');
  }
  return { ...request, proof: signature };
}

export function checkJoinReply(body: unknown): JoinReply {
  const { jwt, renewalJwt, clusterId } = asFields(body, 'join reply');
  return {
    jwt: asText(jwt, 'jwt', 4096),
    renewalJwt: asText(renewalJwt, 'renewalJwt', 4096),
    clusterId: asText(clusterId, 'clusterId'),
  };
}

/** Seconds since the epoch at which a JWT ends; undefined when it has no end. Reads without verifying. */
export function expiryOf(jwt: string): number | undefined {
  const { exp } = claimsOf(jwt);
  return exp === undefined ? undefined : asCount(exp, 'exp');
}

/** Seconds since the epoch at which it was issued. */
export function issueTimeOf(jwt: string): number {
  return asCount(claimsOf(jwt).iat, 'iat');
}

function claimsOf(jwt: string): Record<string, unknown> {
  try {
    return asFields(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()), 'jwt');
  } catch (error) {
    throw new ApiError('BadRequest', 'the credential is damaged', {}, { cause: error });
  }
}
