import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** A longer token is none of ours. */
const maxLength = 16 * 1024;
const shape = /^([\w-]{1,1024})\.([\w-]+)\.([\w-]{86})$/;
const algorithm = 'ES256';

/** Signs and reads tokens in the compact form of JSON Web Signatures (RFC 7515), by one ECDSA key on P-256. */
export class TokenSigner {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;

  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    const der = this.#publicKey.export({ format: 'der', type: 'spki' });
    this.#keyId = createHash('sha256').update(der).digest('base64url');
  }

  /** The public key as others check tokens with it (RFC 7517). */
  get keySet(): object {
    const key = this.#publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', kid: this.#keyId, alg: algorithm, ...key }] };
  }

  sign(claims: Claims): string {
    const content = `${encode({ alg: algorithm, kid: this.#keyId })}.${encode(claims)}`;
    return `${content}.${sign('sha256', Buffer.from(content), signing(this.#privateKey)).toString('base64url')}`;
  }

  /** The claims of a token that this key has signed; undefined for every other text. Says nothing about its time. */
  read(token: string): Claims | undefined {
    const [, header = '', payload = '', signature = ''] = (token.length <= maxLength && shape.exec(token)) || [];
    if (signature === '') return undefined;
    // No other algorithm is ever looked at, whatever the token says of itself.
    if (parse(header)?.['alg'] !== algorithm) return undefined;
    const content = Buffer.from(`${header}.${payload}`);
    const isSigned = verify('sha256', content, signing(this.#publicKey), Buffer.from(signature, 'base64url'));
    return isSigned ? parse(payload) : undefined;
  }
}

/** Signatures are the two numbers side by side (RFC 7518, 3.4). */
function signing(key: KeyObject): { key: KeyObject; dsaEncoding: 'ieee-p1363' } {
  return { key, dsaEncoding: 'ieee-p1363' };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function parse(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
