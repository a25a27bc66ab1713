import { createHash, randomBytes, sign, type KeyObject, type X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.ts';

/** One part of a name: common name, or a group. */
export type NamePart = { CN: string } | { O: string };

export interface CertificateContent {
  /** Both as `encodeName` and `subjectOf` give them: byte for byte the issuer is the subject of its certificate. */
  subject: Buffer;
  issuer: Buffer;
  notBefore: number;
  notAfter: number;
  publicKey: KeyObject;
  extensions: readonly Buffer[];
}

/** Of P-256, not compressed. */
const pointBytes = 65;
const nameIds = { CN: '2.5.4.3', O: '2.5.4.10' };
const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const version3 = der.tagged(0, der.integer(Buffer.from([2])));

/** A certificate (RFC 5280, version 3) signed with a P-256 key, in PEM. */
export function signCertificate(content: CertificateContent, issuerKey: KeyObject): string {
  const body = der.sequence(
    version3,
    der.integer(newSerialNumber()),
    ecdsaWithSha256,
    content.issuer,
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    content.subject,
    keyInfo(content.publicKey),
    der.tagged(3, der.sequence(...content.extensions)),
  );
  const signature = sign('sha256', body, issuerKey);
  const lines = der
    .sequence(body, ecdsaWithSha256, der.bitString(signature))
    .toString('base64')
    .match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...(lines ?? []), '-----END CERTIFICATE-----'].join('\n');
}

/** An authority that signs no other authorities, or nobody who signs anything. */
export function basicConstraints(isAuthority: boolean): Buffer {
  const pathLength = der.integer(Buffer.from([0]));
  const content = isAuthority ? der.sequence(der.boolean(true), pathLength) : der.sequence();
  return extension('2.5.29.19', content, true);
}

/** What the key may do: bit numbers of RFC 5280 section 4.2.1.3, below 8. */
export function keyUsage(...bits: readonly number[]): Buffer {
  const byte = bits.reduce((flags, bit) => flags | (0x80 >> bit), 0);
  return extension('2.5.29.15', der.bitString(Buffer.from([byte]), 7 - Math.max(...bits)), true);
}

export const usage = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

export function extendedKeyUsage(purpose: 'serverAuth' | 'clientAuth'): Buffer {
  const id = purpose === 'serverAuth' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
  return extension('2.5.29.37', der.sequence(der.oid(id)));
}

/** Names of hosts, and addresses. */
export function subjectAlternativeNames(hosts: readonly string[], addresses: readonly string[]): Buffer {
  const names = hosts.map((name) => der.taggedBytes(2, Buffer.from(name)));
  const numbers = addresses.map((address) => der.taggedBytes(7, addressBytes(address)));
  return extension('2.5.29.17', der.sequence(...names, ...numbers));
}

export function subjectKeyId(key: KeyObject): Buffer {
  return extension('2.5.29.14', der.octetString(keyId(key)));
}

export function authorityKeyId(issuerKey: KeyObject): Buffer {
  return extension('2.5.29.35', der.sequence(der.taggedBytes(0, keyId(issuerKey))));
}

function extension(id: string, content: Buffer, isCritical = false): Buffer {
  return der.sequence(der.oid(id), ...(isCritical ? [der.boolean(true)] : []), der.octetString(content));
}

export function encodeName(parts: readonly NamePart[]): Buffer {
  const pairs = parts.flatMap((part) => Object.entries(part) as [keyof typeof nameIds, string][]);
  return der.sequence(
    ...pairs.map(([key, text]) => der.set(der.sequence(der.oid(nameIds[key]), der.utf8String(text)))),
  );
}

/** The subject of a certificate, as it is written there. */
export function subjectOf({ raw }: X509Certificate): Buffer {
  const [body = Buffer.alloc(0)] = der.parts(raw);
  const [_version, _serial, _algorithm, _issuer, _life, subject = Buffer.alloc(0)] = der.parts(body);
  return subject;
}

function keyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** Of the point of the curve, with which the key info ends: RFC 5280 section 4.2.1.2, first method. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(keyInfo(key).subarray(-pointBytes)).digest();
}

/** 127 random bits; the first byte is never zero and never makes the number negative. */
function newSerialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [withoutZone = ''] = address.split('%');
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [front = [], back = []] = canonical.split('::').map((half) => half.split(':').filter((word) => word !== ''));
  const zeros = Array<string>(8 - front.length - back.length).fill('');
  return Buffer.from([...front, ...zeros, ...back].map((word) => word.padStart(4, '0')).join(''), 'hex');
}
