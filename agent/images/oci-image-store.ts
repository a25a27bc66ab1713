import { rm, readdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { BlobStore } from './blob-store.ts';
import { Catalog, type StoredImage, type StoredReference } from './catalog.ts';
import { Collector, type KeepTimes } from './collection.ts';
import { ImageInstaller } from './image-install.ts';
import {
  ImageError,
  type ImageRecord,
  type ImageService,
  type PullOptions,
  type PullProgress,
} from './image-service.ts';
import { LayerStore } from './layer-store.ts';
import { StoreLayout } from './layout.ts';
import { choosePlatform, hostPlatform, type Manifest, parseDocument, type Platform, platformName } from './manifest.ts';
import { canonicalName, isDigest, parseReference, type Reference, repositoryName } from './reference.ts';
import { type FetchedDocument, type FetchOptions, RegistryClient } from './registry-client.ts';
import type { Registries } from './registry-settings.ts';
import { RegistryTransport } from './registry-transport.ts';
import { SingleFlight } from './single-flight.ts';
import { isOwnerAlive } from './store-owner.ts';
import { defaultLayerLimits, type LayerLimits } from './tar-rewriter.ts';

export interface OciImageStoreOptions {
  /** `AgentPaths.images`. */
  directory: string;
  clock: Clock;
  log: Logger;
  registries?: Registries;
  limits?: LayerLimits;
  platform?: Platform;
  /** Longest silence of a registry. */
  progressTimeoutMs?: number;
  /** Longest pause that a registry may ask for and get. */
  maxWaitMs?: number;
}

const hourMs = 3_600_000;
const keepForRetry: KeepTimes = { layersMs: hourMs, blobsMs: hourMs };
/** Layers may have been lost in a power cut unless a record says that they were written. */
const keepAtOpen: KeepTimes = { layersMs: 0, blobsMs: 24 * hourMs };

/**
 * The images of one node, pulled from registries and unpacked for overlayfs. Other processes (the command line) may
 * work on the same directory at the same time. Call `open` first.
 */
export class OciImageStore implements ImageService {
  readonly layout: StoreLayout;
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly client: RegistryClient;
  readonly installer: ImageInstaller;
  readonly #collector: Collector;
  readonly #platform: Platform;
  readonly #log: Logger;
  readonly #clock: Clock;
  #collectedAt: number;
  readonly #pulls = new SingleFlight<ImageRecord, PullProgress>();

  constructor({ directory, clock, log, registries = new Map(), ...options }: OciImageStoreOptions) {
    const layout = new StoreLayout(directory);
    this.layout = layout;
    this.catalog = new Catalog(layout, clock);
    this.blobs = new BlobStore({ layout, clock });
    this.layers = new LayerStore({ layout, blobs: this.blobs });
    this.#platform = options.platform ?? hostPlatform();
    this.#log = log;
    this.#clock = clock;
    this.#collectedAt = clock.monotonic();
    this.client = new RegistryClient(new RegistryTransport({ registries, clock, ...options }), registries);
    const { catalog, blobs, layers } = this;
    const limits = options.limits ?? defaultLayerLimits;
    this.installer = new ImageInstaller({ layout, catalog, blobs, layers, limits, platform: this.#platform });
    this.#collector = new Collector({ layout, catalog, blobs, layers, clock });
  }

  /** Makes the folders and removes what ended processes left unfinished. May be called again. */
  async open(): Promise<void> {
    await this.layout.create();
    for (const owner of await readdir(this.layout.drafts)) {
      if (!isOwnerAlive(owner)) await rm(join(this.layout.drafts, owner), { recursive: true, force: true });
    }
    for (const reference of await this.catalog.references()) {
      if (await this.#isComplete(reference)) continue;
      this.#log.warn('image is not complete, its name is removed', { name: reference.name });
      await this.catalog.removeReference(reference.name);
    }
    await this.#collector.collect(keepAtOpen);
  }

  async pull(reference: string, options: PullOptions = {}): Promise<ImageRecord> {
    const parsed = parseReference(reference);
    if (parsed.digest !== undefined) {
      const found = await this.find(reference);
      if (found !== undefined) return found;
    }
    const { credentials = [], onProgress, signal } = options;
    // Who may pull and who may not must not wait for the same answer.
    const rights = createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
    return this.#pulls.join(
      `${canonicalName(parsed)} ${rights}`,
      (inner, report) => this.#pull(parsed, { credentials, signal: inner }, report),
      { onProgress, signal },
    );
  }

  async #pull(
    reference: Reference,
    options: FetchOptions & { signal: AbortSignal },
    report: (progress: PullProgress) => void,
  ): Promise<ImageRecord> {
    const name = canonicalName(reference);
    const what = `pull ${name}`;
    try {
      const { target, fetched, manifest } = await this.#resolve(reference, what, options);
      const repoDigest = `${repositoryName(reference)}@${target}`;
      const known = await this.catalog.reference(name);
      const isKnown = known?.manifest === fetched.digest && known.repoDigest === repoDigest;
      const id = isKnown && (await this.#isComplete(known)) ? known.imageId : undefined;
      const installed =
        id ??
        (await this.installer.install({
          name,
          repoDigest,
          manifestBody: fetched.body,
          manifest,
          source: (descriptor) => (offset, signal) =>
            this.client.blob(reference, descriptor, offset, what, { ...options, signal }),
          onProgress: (doneBytes, totalBytes) => report({ reference: name, doneBytes, totalBytes }),
          signal: options.signal,
        }));
      if (known !== undefined && id === undefined) await this.#collectReplaced(known);
      if (this.#clock.monotonic() - this.#collectedAt > hourMs) await this.collectGarbage();
      return await this.#mustFind(installed);
    } catch (error) {
      if (options.signal.aborted) throw error;
      throw error instanceof ImageError && error.message.startsWith(what)
        ? error
        : new ImageError(error instanceof ImageError ? error.failure : 'ErrImagePull', `${what}: ${messageOf(error)}`, {
            cause: error,
          });
    }
  }

  /** What a name led to before goes, unless another name or a container needs it. */
  async #collectReplaced({ imageId, blobs }: StoredReference): Promise<void> {
    const image = await this.catalog.image(imageId);
    await this.collectGarbage(new Set([...blobs, ...(image?.diffIds ?? [])]));
  }

  /** What the name leads to in its registry (`target`, a digest), and of that the manifest for this node. */
  async #resolve(
    reference: Reference,
    what: string,
    options: FetchOptions,
  ): Promise<{ target: string; fetched: FetchedDocument; manifest: Manifest }> {
    const asked = reference.digest ?? reference.tag ?? 'latest';
    let fetched = await this.client.document(reference, asked, what, options);
    const target = fetched.digest;
    let document = parseDocument(fetched.body, fetched.contentType);
    if (document.kind === 'index') {
      const chosen = choosePlatform(document.manifests, this.#platform);
      if (chosen === undefined) {
        const offered = [...new Set(document.manifests.map(({ platform }) => platformName(platform ?? {})))];
        const wanted = platformName(this.#platform);
        throw new ImageError('ErrImagePull', `no image for ${wanted}, only for ${offered.slice(0, 20).join(', ')}`);
      }
      fetched = await this.client.document(reference, chosen.digest, what, options);
      document = parseDocument(fetched.body, fetched.contentType);
    }
    if (document.kind === 'index') throw new ImageError('ErrImagePull', 'the index leads to another index');
    return { target, fetched, manifest: document };
  }

  async find(reference: string): Promise<ImageRecord | undefined> {
    const references = await this.catalog.references();
    const id = await this.#idOf(reference, references);
    const image = id === undefined ? undefined : await this.catalog.image(id);
    return image === undefined ? undefined : toRecord(image, references);
  }

  async #idOf(reference: string, references: readonly StoredReference[]): Promise<string | undefined> {
    const asId = reference.startsWith('sha256:') ? reference : `sha256:${reference}`;
    if (isDigest(asId)) return references.find(({ imageId }) => imageId === asId)?.imageId;
    const parsed = parseReference(reference);
    const { digest } = parsed;
    if (digest === undefined) return references.find(({ name }) => name === canonicalName(parsed))?.imageId;
    const repository = repositoryName(parsed);
    const isIt = ({ name, manifest, repoDigest }: StoredReference): boolean =>
      repoDigest === `${repository}@${digest}` ||
      (manifest === digest && repositoryName(parseReference(name)) === repository);
    return references.find(isIt)?.imageId;
  }

  async list(): Promise<ImageRecord[]> {
    const [images, references] = [await this.catalog.images(), await this.catalog.references()];
    const records = images.map((image) => toRecord(image, references)).filter((record) => record.references.length > 0);
    return records.sort((a, b) => (a.references[0] ?? '').localeCompare(b.references[0] ?? ''));
  }

  async remove(reference: string): Promise<void> {
    const references = await this.catalog.references();
    const asId = reference.startsWith('sha256:') ? reference : `sha256:${reference}`;
    const doomed = isDigest(asId)
      ? references.filter(({ imageId }) => imageId === asId)
      : references.filter(({ name }) => name === canonicalName(parseReference(reference)));
    const images = await Promise.all(doomed.map(({ imageId }) => this.catalog.image(imageId)));
    for (const { name } of doomed) await this.catalog.removeReference(name);
    const parts = [...doomed.flatMap(({ blobs }) => blobs), ...images.flatMap((image) => image?.diffIds ?? [])];
    await this.collectGarbage(new Set(parts));
  }

  /** Gives an image another name. Throws ImageError when there is no such image. */
  async tag(reference: string, newName: string): Promise<void> {
    const references = await this.catalog.references();
    const id = await this.#idOf(reference, references);
    const from = references.find(({ imageId }) => imageId === id);
    if (from === undefined) throw new ImageError('ImageInspectError', `there is no image ${reference} here`);
    const parsed = parseReference(newName);
    if (parsed.digest !== undefined) throw new ImageError('InvalidImageName', `${newName}: a digest cannot be given`);
    await this.catalog.putReference({ ...from, name: canonicalName(parsed) });
  }

  /** Removes what nothing leads to any more, at once what is named in `doomed`. Also what failed pulls left for an hour. */
  async collectGarbage(doomed: ReadonlySet<string> = new Set()): Promise<void> {
    this.#collectedAt = this.#clock.monotonic();
    await this.#collector.collect(keepForRetry, doomed);
  }

  /** Bytes on disk of blobs and unpacked layers. */
  async usedBytes(): Promise<number> {
    const blobs = await Promise.all((await this.blobs.list()).map((digest) => this.blobs.size(digest)));
    const layers = await Promise.all((await this.layers.list()).map((diffId) => this.layers.facts(diffId)));
    const sum = (numbers: readonly (number | undefined)[]): number =>
      numbers.reduce<number>((total, bytes) => total + (bytes ?? 0), 0);
    return sum(blobs) + sum(layers.map((layer) => layer?.bytes));
  }

  /** Ends connections. */
  async close(): Promise<void> {
    this.client.transport.close();
    await rm(this.layout.temporary, { recursive: true, force: true });
  }

  async #isComplete({ imageId, blobs }: StoredReference): Promise<boolean> {
    const image = await this.catalog.image(imageId);
    if (image === undefined) return false;
    const parts = [
      ...image.diffIds.map((diffId) => this.layers.has(diffId)),
      ...blobs.map((digest) => this.blobs.has(digest)),
    ];
    return (await Promise.all(parts)).every(Boolean);
  }

  async #mustFind(id: string): Promise<ImageRecord> {
    const found = await this.find(id);
    if (found === undefined) throw new ImageError('ImageInspectError', `image ${id} was removed while it was pulled`);
    return found;
  }
}

function toRecord(image: StoredImage, references: readonly StoredReference[]): ImageRecord {
  const own = references.filter(({ imageId }) => imageId === image.id);
  return {
    id: image.id,
    references: own.map(({ name }) => name).sort(),
    repoDigests: [...new Set(own.map(({ repoDigest }) => repoDigest).filter((digest) => digest !== ''))].sort(),
    sizeBytes: image.sizeBytes,
    createdAt: image.createdAt,
    user: image.user,
  };
}
