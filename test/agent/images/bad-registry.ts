import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { mediaTypes } from '../../../agent/images/manifest.ts';
import { makeTar, type TarItem } from './tar-builder.ts';

export interface Seen {
  method: string;
  path: string;
  authorization: string | undefined;
  range: string | undefined;
}

/** What happens instead of the right answer; true when it has answered. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A registry on loopback, or another address of this machine, that serves what it is given, and misbehaves on demand. */
export class BadRegistry {
  readonly seen: Seen[] = [];
  misbehave: Misbehaviour = () => false;
  readonly #content = new Map<string, { body: Buffer; type: string }>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  host = '';

  async start(on = '127.0.0.1'): Promise<this> {
    this.#server.listen(0, on);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.host = `${on}:${typeof address === 'object' && address !== null ? address.port : 0}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Serves content at a path. */
  serve(path: string, body: Buffer, type = 'application/octet-stream'): void {
    this.#content.set(path, { body, type });
  }

  /** Serves an image of these layers; what is below the surface can be replaced. */
  serveImage(repository: string, tag: string, layers: readonly Layer[], changes: ImageChanges = {}): PublishedImage {
    const diffIds = changes.diffIds ?? layers.map(({ tar }) => digestOf(tar));
    const document = {
      architecture: changes.architecture ?? 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    };
    const config = this.#serveBlob(repository, Buffer.from(JSON.stringify(document)), mediaTypes.ociConfig);
    const blobs = layers.map(({ blob }) => this.#serveBlob(repository, blob, mediaTypes.ociLayerGzip));
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: blobs,
      ...changes.manifest,
    };
    const body = Buffer.from(JSON.stringify(manifest));
    this.serve(`/v2/${repository}/manifests/${tag}`, body, changes.contentType ?? mediaTypes.ociManifest);
    this.serve(`/v2/${repository}/manifests/${digestOf(body)}`, body, changes.contentType ?? mediaTypes.ociManifest);
    return {
      digest: digestOf(body),
      size: body.length,
      configDigest: config.digest,
      layers: blobs.map((blob) => blob.digest),
    };
  }

  #serveBlob(repository: string, body: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } {
    const digest = digestOf(body);
    this.serve(`/v2/${repository}/blobs/${digest}`, body);
    return { mediaType, digest, size: body.length };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { authorization, range } = request.headers;
    this.seen.push({ method: request.method ?? '', path, authorization, range });
    if (await this.misbehave(request, response)) return;
    const found = this.#content.get(path);
    if (found === undefined) {
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'nothing here' }] }));
      return;
    }
    const start = /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
    if (start === undefined) {
      response.writeHead(200, { 'content-type': found.type, 'content-length': found.body.length }).end(found.body);
      return;
    }
    const rest = found.body.subarray(Number(start));
    const headers = { 'content-range': `bytes ${start}-${found.body.length - 1}/${found.body.length}` };
    response.writeHead(206, { ...headers, 'content-length': rest.length }).end(rest);
  }

  /** The right content of a path. */
  body(path: string): Buffer {
    return this.#content.get(path)?.body ?? Buffer.alloc(0);
  }
}

export interface PublishedImage {
  digest: string;
  size: number;
  configDigest: string;
  layers: string[];
}

interface ImageChanges {
  diffIds?: string[];
  architecture?: string;
  manifest?: Record<string, unknown>;
  contentType?: string;
}

export interface Layer {
  tar: Buffer;
  blob: Buffer;
}

/** A gzip layer of these files. */
export function aLayer(items: readonly TarItem[]): Layer {
  const tar = makeTar(items);
  return { tar, blob: gzipSync(tar) };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
