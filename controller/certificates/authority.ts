import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createPrivateKey, randomBytes, X509Certificate as NodeCertificate, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';

/** A certificate and its key, both PEM. */
export interface Credential {
  certificate: string;
  privateKey: string;
}

type CryptoKey = webcrypto.CryptoKey;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;
const day = 24 * hour;
const authorityLife = 3_650 * day;
const leafLife = 365 * day;

/** Signs certificates for one cluster. Clocks of other machines may be an hour behind: everything is back-dated by one. */
export class CertificateAuthority {
  readonly credential: Credential;
  readonly #certificate: x509.X509Certificate;
  readonly #key: CryptoKey;
  readonly #clock: Clock;

  private constructor(credential: Credential, key: CryptoKey, clock: Clock) {
    this.credential = credential;
    this.#certificate = new x509.X509Certificate(credential.certificate);
    this.#key = key;
    this.#clock = clock;
  }

  /** A new authority with a new key. */
  static async create(clock: Clock): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerialNumber(),
      name: [{ CN: ['berth-ca'] }],
      ...lifeFrom(clock.now(), authorityLife),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const credential = { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) };
    return new CertificateAuthority(credential, keys.privateKey, clock);
  }

  /** The authority of an earlier start. Throws when its time is over. */
  static async load(credential: Credential, clock: Clock): Promise<CertificateAuthority> {
    const { validTo } = new NodeCertificate(credential.certificate);
    if (Date.parse(validTo) <= clock.now()) throw new Error(`the certificate authority expired at ${validTo}`);
    return new CertificateAuthority(credential, await importKey(credential.privateKey), clock);
  }

  /** A certificate for a server that is reached under any of `names` (host names and addresses). */
  issueServerCertificate(names: readonly string[]): Promise<Credential> {
    const alternatives = names.map((name) => ({
      type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
      value: name,
    }));
    return this.#issue(
      [{ CN: [names[0] ?? 'berth'] }],
      [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(alternatives),
      ],
    );
  }

  /** A certificate that authenticates `user`, a member of `groups`. */
  issueClientCertificate(user: string, groups: readonly string[]): Promise<Credential> {
    const subject = [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))];
    return this.#issue(subject, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]);
  }

  async #issue(subject: x509.JsonName, extensions: x509.Extension[]): Promise<Credential> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerialNumber(),
      subject,
      issuer: this.#certificate.subjectName,
      ...lifeFrom(this.#clock.now(), leafLife),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ...extensions,
      ],
    });
    return { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) };
  }
}

/** Says whether a server certificate may go on being used: right issuer, all names, less than two thirds of its life gone. */
export function isServerCertificateFresh(
  certificate: string,
  authority: string,
  names: readonly string[],
  now: number,
): boolean {
  const parsed = new NodeCertificate(certificate);
  if (!parsed.verify(new NodeCertificate(authority).publicKey)) return false;
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? parsed.checkHost(name, { subject: 'never' }) : parsed.checkIP(name)) !== undefined;
  if (!names.every(covers)) return false;
  const from = Date.parse(parsed.validFrom);
  return now >= from && now < from + ((Date.parse(parsed.validTo) - from) * 2) / 3;
}

function lifeFrom(now: number, life: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - hour), notAfter: new Date(now + life) };
}

/** 127 random bits; the first byte is never zero and never makes the number negative. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
}
