import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ByteLink } from '../spdy/byte-link.ts';

/** JSON values, encoded as the client wants them and compressed when they are sent. */
export interface JsonReply {
  kind: 'json';
  code: number;
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** Compressed bytes; they are unpacked for a client that does not accept them so. */
export interface Gzipped {
  gzipped: Uint8Array;
}

/** Bytes that are ready to be sent. */
export interface BytesReply {
  kind: 'bytes';
  code: number;
  body: Uint8Array | string | Gzipped;
  contentType: string;
  headers?: Readonly<Record<string, string>>;
}

/** A body that goes on: headers are sent at once, each chunk when it comes, and a slow reader holds the source up. */
export interface StreamReply {
  kind: 'stream';
  contentType: string;
  chunks: AsyncIterable<string | Uint8Array>;
  /** How long the reader may take nothing before it counts as gone, in milliseconds; a minute unless given. */
  patienceMs?: number;
}

/** The connection becomes a WebSocket that `serve` talks on until it resolves. */
export interface SocketReply {
  kind: 'socket';
  /** The subprotocol to answer with. */
  protocol: string;
  serve(socket: WebSocket): Promise<void>;
}

/** The connection becomes one of SPDY/3.1, whose frames `serve` reads and writes until it resolves. */
export interface SpdyReply {
  kind: 'spdy';
  /** The `X-Stream-Protocol-Version` to answer with. */
  protocol: string;
  serve(link: ByteLink): Promise<void>;
}

/** Another server's answer to the request as it came, but for its path; `http/relay.ts` carries it. */
export interface RelayReply {
  kind: 'relay';
  /** Path and query, as that server is asked for them. */
  path: string;
  /** Where its root is on this server. */
  prefix: string;
  /** Throws what the client is to be told. */
  connect(): Promise<Duplex>;
}

/** What a handler answers; only the server writes to connections. */
export type Reply = JsonReply | BytesReply | StreamReply | SocketReply | SpdyReply | RelayReply;

export function jsonReply(code: number, body: unknown): JsonReply {
  return { kind: 'json', code, body };
}

export function textReply(code: number, body: string): BytesReply {
  return {
    kind: 'bytes',
    code,
    body,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'Cache-Control': 'no-store' },
  };
}
