import { createReadStream } from 'node:fs';
import { mkdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { decompress } from './decompress.ts';
import { hasCode } from './durable-file.ts';
import { ImageError, type ImageRecord } from './image-service.ts';
import { fileSource, installLocal } from './import.ts';
import {
  checkLayerCount,
  choosePlatform,
  type Descriptor,
  hostPlatform,
  maxManifestBytes,
  mediaTypes,
  parseDocument,
} from './manifest.ts';
import type { OciImageStore } from './oci-image-store.ts';
import { hexOf } from './reference.ts';
import { readEntry } from './tar-reader.ts';
import { defaultLayerLimits, LayerBudget, rewriteLayer } from './tar-rewriter.ts';
import { unpackTar } from './unpack.ts';

export interface ImportArchiveOptions {
  /** Name for the image; absent: the names that the archive gives. */
  reference?: string | undefined;
  signal?: AbortSignal;
}

interface ArchivedImage {
  manifestBody: Buffer;
  names: string[];
  pathOf: (descriptor: Descriptor) => Promise<string>;
}

/** What a tar holds: an OCI layout, the output of `docker save`, or anything else, which is taken for a root file system. */
export async function archiveKind(path: string, signal: AbortSignal): Promise<'layout' | 'docker' | 'rootfs'> {
  const reader = new ByteReader(decompress(createReadStream(path, { highWaterMark: 256 * 1024 }), signal));
  const names = new Set<string>();
  try {
    for (let entry = await readEntry(reader); entry !== undefined; entry = await readEntry(reader)) {
      names.add(entry.name.replace(/^\.\//, ''));
      if (names.has('oci-layout') || names.has('bin') || names.has('bin/')) break;
      await reader.skip(entry.bodyBytes);
    }
  } finally {
    await reader.close();
  }
  if (names.has('oci-layout')) return 'layout';
  return names.has('manifest.json') ? 'docker' : 'rootfs';
}

/** Takes in the images of an OCI layout, a folder or a tar, or of a `docker save` tar. Throws ImageError. */
export async function importArchive(
  store: OciImageStore,
  path: string,
  { reference, signal = new AbortController().signal }: ImportArchiveOptions = {},
): Promise<ImageRecord[]> {
  if ((await stat(path)).isDirectory()) return importFolder(store, path, reference, signal);
  const folder = join(store.layout.temporary, 'archive');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const tar = decompress(createReadStream(path, { highWaterMark: 256 * 1024 }), signal);
    const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
    await unpackTar(rewriteLayer(tar, new LayerBudget(defaultLayerLimits), facts), folder, signal);
    return await importFolder(store, folder, reference, signal);
  } catch (error) {
    if (error instanceof ImageError || signal.aborted) throw error;
    throw new ImageError('ErrImagePull', `import ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function importFolder(
  store: OciImageStore,
  folder: string,
  reference: string | undefined,
  signal: AbortSignal,
): Promise<ImageRecord[]> {
  const index = await readInside(folder, 'index.json');
  const images = index === undefined ? await dockerImages(store, folder) : await layoutImages(folder, index);
  const named =
    reference === undefined ? images : images.slice(0, 1).map((image) => ({ ...image, names: [reference] }));
  const records: ImageRecord[] = [];
  for (const { manifestBody, names, pathOf } of named) {
    if (names.length === 0) throw new ImageError('InvalidImageName', 'the archive gives its image no name: give one');
    for (const name of names) {
      const source = (descriptor: Descriptor): ReturnType<typeof fileSource> => {
        return async (offset, inner) => fileSource(await pathOf(descriptor))(offset, inner);
      };
      records.push(await installLocal(store, manifestBody, name, source, signal));
    }
  }
  return records;
}

/** Images of an OCI layout: manifests, and of indexes the one for this machine. */
async function layoutImages(folder: string, index: Buffer): Promise<ArchivedImage[]> {
  const root = parseDocument(index, mediaTypes.ociIndex);
  if (root.kind !== 'index') throw new ImageError('ErrImagePull', 'index.json is not an index');
  const pathOf = async ({ digest }: Descriptor): Promise<string> => inside(folder, join('blobs/sha256', hexOf(digest)));
  const images: ArchivedImage[] = [];
  for (const entry of root.manifests) {
    const found = await manifestOf(entry, pathOf);
    const { annotations = {} } = entry;
    const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
    if (found !== undefined) images.push({ manifestBody: found, names: name === undefined ? [] : [name], pathOf });
  }
  return images;
}

async function manifestOf(
  entry: Descriptor,
  pathOf: (descriptor: Descriptor) => Promise<string>,
): Promise<Buffer | undefined> {
  const body = await readFile(await pathOf(entry));
  if (body.length > maxManifestBytes) throw new ImageError('ErrImagePull', `the manifest ${entry.digest} is too large`);
  const document = parseDocument(body, entry.mediaType);
  if (document.kind === 'manifest') return body;
  const chosen = choosePlatform(document.manifests, hostPlatform());
  return chosen === undefined ? undefined : readFile(await pathOf(chosen));
}

interface DockerEntry {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

/** Images of `docker save`: configs and plain layer tars, from which manifests are made. */
async function dockerImages(store: OciImageStore, folder: string): Promise<ArchivedImage[]> {
  const list = await readInside(folder, 'manifest.json');
  if (list === undefined) {
    throw new ImageError(
      'ErrImagePull',
      'it is neither an OCI layout (index.json) nor from docker save (manifest.json)',
    );
  }
  return Promise.all(
    (JSON.parse(list.toString('utf8')) as DockerEntry[]).map(async ({ Config, RepoTags, Layers }) => {
      const keep = async (path: string, mediaType: string): Promise<Descriptor> => {
        const content = createReadStream(await inside(folder, path), { highWaterMark: 256 * 1024 });
        return { mediaType, ...(await store.blobs.ingest(content, defaultLayerLimits.bytes)) };
      };
      checkLayerCount(Layers.length);
      const layers: Descriptor[] = [];
      for (const path of Layers) layers.push(await keep(path, 'application/vnd.oci.image.layer.v1.tar'));
      const config = await keep(Config, mediaTypes.ociConfig);
      const body = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
      const pathOf = ({ digest }: Descriptor): Promise<string> => Promise.resolve(store.layout.blob(digest));
      return { manifestBody: Buffer.from(JSON.stringify(body)), names: RepoTags ?? [], pathOf };
    }),
  );
}

async function readInside(folder: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(await inside(folder, name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The file at a path of the archive. Links may lead about in it, not out of it. */
async function inside(folder: string, path: string): Promise<string> {
  const [root, file] = [await realpath(folder), await realpath(join(folder, path))];
  if (!file.startsWith(`${root}${sep}`)) throw new ImageError('ErrImagePull', `${path} leads out of the archive`);
  return file;
}
