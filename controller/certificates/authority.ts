import { createPrivateKey, createPublicKey, generateKeyPair, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import * as x509 from './x509.ts';

/** A certificate and its key, both PEM. */
export interface Credential {
  certificate: string;
  privateKey: string;
}

const hour = 3_600_000;
const day = 24 * hour;
const authorityLife = 3_650 * day;
const leafLife = 365 * day;

/** Signs certificates for one cluster. Clocks of other machines may be an hour behind: everything is back-dated by one. */
export class CertificateAuthority {
  readonly credential: Credential;
  readonly #subject: Buffer;
  readonly #key: KeyObject;
  readonly #clock: Clock;

  private constructor(credential: Credential, clock: Clock) {
    this.credential = credential;
    this.#subject = x509.subjectOf(new X509Certificate(credential.certificate));
    this.#key = createPrivateKey(credential.privateKey);
    this.#clock = clock;
  }

  /** A new authority with a new key. */
  static async create(clock: Clock): Promise<CertificateAuthority> {
    const { privateKey, publicKey } = await newKeys();
    const name = x509.encodeName([{ CN: 'berth-ca' }]);
    const certificate = x509.signCertificate(
      {
        subject: name,
        issuer: name,
        ...lifeFrom(clock.now(), authorityLife),
        publicKey,
        extensions: [
          x509.basicConstraints(true),
          x509.keyUsage(x509.usage.keyCertSign, x509.usage.cRLSign),
          x509.subjectKeyId(publicKey),
        ],
      },
      privateKey,
    );
    return new CertificateAuthority({ certificate, privateKey: exportKey(privateKey) }, clock);
  }

  /** The authority of an earlier start. Throws when its time is over. */
  static load(credential: Credential, clock: Clock): CertificateAuthority {
    const { validTo } = new X509Certificate(credential.certificate);
    if (Date.parse(validTo) <= clock.now()) throw new Error(`the certificate authority expired at ${validTo}`);
    return new CertificateAuthority(credential, clock);
  }

  /** A certificate for a server that is reached under any of `names` (host names and addresses). */
  issueServerCertificate(names: readonly string[]): Promise<Credential> {
    const isHost = (name: string): boolean => isIP(name) === 0;
    return this.#issue(
      [{ CN: names[0] ?? 'berth' }],
      [
        x509.extendedKeyUsage('serverAuth'),
        x509.subjectAlternativeNames(
          names.filter(isHost),
          names.filter((name) => !isHost(name)),
        ),
      ],
    );
  }

  /** A certificate that authenticates `user`, a member of `groups`. */
  issueClientCertificate(user: string, groups: readonly string[]): Promise<Credential> {
    return this.#issue([{ CN: user }, ...groups.map((group) => ({ O: group }))], [x509.extendedKeyUsage('clientAuth')]);
  }

  async #issue(subject: readonly x509.NamePart[], extensions: readonly Buffer[]): Promise<Credential> {
    const { privateKey, publicKey } = await newKeys();
    const certificate = x509.signCertificate(
      {
        subject: x509.encodeName(subject),
        issuer: this.#subject,
        ...lifeFrom(this.#clock.now(), leafLife),
        publicKey,
        extensions: [
          x509.basicConstraints(false),
          x509.keyUsage(x509.usage.digitalSignature),
          x509.authorityKeyId(createPublicKey(this.#key)),
          x509.subjectKeyId(publicKey),
          ...extensions,
        ],
      },
      this.#key,
    );
    return { certificate, privateKey: exportKey(privateKey) };
  }
}

/** Says whether a server certificate may go on being used: right issuer, all names, less than two thirds of its life gone. */
export function isServerCertificateFresh(
  certificate: string,
  authority: string,
  names: readonly string[],
  now: number,
): boolean {
  const parsed = new X509Certificate(certificate);
  if (!parsed.verify(new X509Certificate(authority).publicKey)) return false;
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? parsed.checkHost(name, { subject: 'never' }) : parsed.checkIP(name)) !== undefined;
  if (!names.every(covers)) return false;
  const from = Date.parse(parsed.validFrom);
  return now >= from && now < from + ((Date.parse(parsed.validTo) - from) * 2) / 3;
}

function lifeFrom(now: number, life: number): { notBefore: number; notAfter: number } {
  return { notBefore: now - hour, notAfter: now + life };
}

const generate = promisify(generateKeyPair);

function newKeys(): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return generate('ec', { namedCurve: 'P-256' });
}

function exportKey(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
