import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { BlobSource } from './blob-store.ts';
import { ImageError, type ImageRecord } from './image-service.ts';
import { type Descriptor, hostPlatform, type Manifest, mediaTypes, parseDocument, type Platform } from './manifest.ts';
import type { OciImageStore } from './oci-image-store.ts';
import { canonicalName, parseReference } from './reference.ts';
import type { ImageConfig } from './snapshotter.ts';
import { defaultLayerLimits } from './tar-rewriter.ts';

export interface ImportRootfsOptions {
  /** Name of the new image. */
  reference: string;
  config?: ImageConfig;
  platform?: Platform;
  /** RFC 3339; absent: the epoch, so that the same content gives the same image. */
  created?: string;
  signal?: AbortSignal;
}

/** Makes an image of one layer from the tar of a root file system. Throws ImageError. */
export async function importRootfs(
  store: OciImageStore,
  tar: AsyncIterable<Buffer>,
  options: ImportRootfsOptions,
): Promise<ImageRecord> {
  const { layer, diffId } = await keepLayer(store, tar);
  const { os, architecture, variant } = options.platform ?? hostPlatform();
  const created = options.created ?? new Date(0).toISOString();
  const history = [{ created, created_by: 'berth image import' }];
  const rootfs = { type: 'layers', diff_ids: [diffId] };
  const document = { created, architecture, os, variant, config: options.config ?? {}, rootfs, history };
  const config = await keepJson(store, document, mediaTypes.ociConfig);
  const body = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
  return installLocal(store, Buffer.from(JSON.stringify(body)), options.reference, absent, options.signal);
}

async function keepLayer(
  store: OciImageStore,
  tar: AsyncIterable<Buffer>,
): Promise<{ layer: Descriptor; diffId: string }> {
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncGenerator<Buffer, void> {
    for await (const piece of tar) {
      hash.update(piece);
      yield piece;
    }
  };
  const gzip = createGzip({ chunkSize: 256 * 1024 });
  const feeding = pipeline(Readable.from(hashed(), { objectMode: false }), gzip);
  const [{ digest, size }] = await Promise.all([store.blobs.ingest(gzip, defaultLayerLimits.bytes), feeding]);
  return { layer: { mediaType: mediaTypes.ociLayerGzip, digest, size }, diffId: `sha256:${hash.digest('hex')}` };
}

async function keepJson(store: OciImageStore, value: unknown, mediaType: string): Promise<Descriptor> {
  const body = Buffer.from(JSON.stringify(value));
  return { mediaType, digest: await store.blobs.write(body), size: body.length };
}

const absent = (descriptor: Descriptor): BlobSource => {
  return () => Promise.reject(new ImageError('ErrImagePull', `${descriptor.digest} is missing`));
};

/** Gives a manifest at hand a name; `source` gives what the store has not. */
export async function installLocal(
  store: OciImageStore,
  manifestBody: Buffer,
  reference: string,
  source: (descriptor: Descriptor) => BlobSource,
  signal: AbortSignal = new AbortController().signal,
): Promise<ImageRecord> {
  const parsed = parseReference(reference);
  if (parsed.digest !== undefined) {
    throw new ImageError('InvalidImageName', `import ${reference}: give it a tag, its digest follows from its content`);
  }
  const manifest: Manifest = mustBeManifest(manifestBody);
  const name = canonicalName(parsed);
  const plan = { name, repoDigest: '', manifestBody, manifest, source, onProgress: () => undefined, signal };
  const id = await store.installer.install(plan);
  const record = await store.find(id);
  if (record === undefined) throw new ImageError('ImageInspectError', `${name} was removed while it was imported`);
  return record;
}

function mustBeManifest(body: Buffer): Manifest {
  const document = parseDocument(body, undefined);
  if (document.kind !== 'manifest') throw new ImageError('ErrImagePull', 'an index is not an image');
  return document;
}

/** A blob in a file. */
export function fileSource(path: string): BlobSource {
  return (offset) =>
    Promise.resolve({ offset, stream: createReadStream(path, { start: offset, highWaterMark: 256 * 1024 }) });
}
