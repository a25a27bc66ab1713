import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BytesReply, Gzipped } from './reply.ts';

/**
 * A document that does not change while the process runs, encoded and compressed once: nearly all clients accept it so,
 * and it takes a fifth of the memory.
 */
export interface Document extends Gzipped {
  /** Hexadecimal digest of what is compressed. */
  hash: string;
}

/** A document of JSON. */
export function makeDocument(content: object): Document {
  return packDocument(Buffer.from(JSON.stringify(content)));
}

/** A document of any kind. */
export function packDocument(body: Uint8Array): Document {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 40).toUpperCase();
  return { gzipped: gzipSync(body), hash };
}

/** The content of a document of JSON. */
export function readDocument({ gzipped }: Document): unknown {
  return JSON.parse(gunzipSync(gzipped).toString());
}

/** Answers a document, or 304 to a client that has it already. */
export function documentReply(
  { gzipped, hash }: Document,
  ifNoneMatch: string | undefined,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): BytesReply {
  const etag = `"${hash}"`;
  const isKnown = (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  const all = { ETag: etag, Vary: 'Accept, Accept-Encoding', ...headers };
  if (isKnown) return { kind: 'bytes', code: 304, body: '', contentType, headers: all };
  return { kind: 'bytes', code: 200, body: { gzipped }, contentType, headers: all };
}
