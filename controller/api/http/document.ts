import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { BytesReply } from './reply.ts';

/** A JSON document that does not change while the process runs: encoded and compressed once. */
export interface Document {
  body: Buffer;
  gzipped: Buffer;
  /** Hexadecimal digest of the body. */
  hash: string;
}

export function makeDocument(content: object): Document {
  const body = Buffer.from(JSON.stringify(content));
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 40).toUpperCase();
  return { body, gzipped: gzipSync(body), hash };
}

/** Answers a document, or 304 to a client that has it already. */
export function documentReply(
  { body, gzipped, hash }: Document,
  ifNoneMatch: string | undefined,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): BytesReply {
  const etag = `"${hash}"`;
  const isKnown = (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  const all = { ETag: etag, Vary: 'Accept, Accept-Encoding', ...headers };
  if (isKnown) return { kind: 'bytes', code: 304, body: '', contentType, headers: all };
  return { kind: 'bytes', code: 200, body, gzipped, contentType, headers: all };
}
