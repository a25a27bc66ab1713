import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import type { BlobStore } from './blob-store.ts';
import type { Catalog, Needs, StoredImage, StoredReference, StoredSnapshot } from './catalog.ts';
import { hasCode } from './durable-file.ts';
import type { LayerStore } from './layer-store.ts';
import type { StoreLayout } from './layout.ts';

export interface StoreContent {
  references: readonly StoredReference[];
  images: readonly StoredImage[];
  snapshots: readonly StoredSnapshot[];
  claims: readonly Needs[];
  layers: readonly string[];
  blobs: readonly string[];
}

export interface Garbage {
  images: string[];
  layers: string[];
  blobs: string[];
}

/** What nothing leads to: from names to images and blobs, from images, running work and containers to layers. */
export function planCollection(content: StoreContent): Garbage {
  const named = new Set([
    ...content.references.map(({ imageId }) => imageId),
    ...content.claims.flatMap(({ imageIds }) => imageIds),
  ]);
  const images = content.images.filter(({ id }) => named.has(id));
  const usedLayers = new Set([...images, ...content.snapshots, ...content.claims].flatMap(({ diffIds }) => diffIds));
  const usedBlobs = new Set([...content.references, ...content.claims].flatMap(({ blobs }) => blobs));
  return {
    images: content.images.filter(({ id }) => !named.has(id)).map(({ id }) => id),
    layers: content.layers.filter((diffId) => !usedLayers.has(diffId)),
    blobs: content.blobs.filter((digest) => !usedBlobs.has(digest)),
  };
}

interface Deps {
  layout: StoreLayout;
  catalog: Catalog;
  blobs: BlobStore;
  layers: LayerStore;
  clock: Clock;
}

/** How long what nothing leads to is kept, for a pull that is tried again. */
export interface KeepTimes {
  layersMs: number;
  blobsMs: number;
}

/** Removes what nothing leads to. Others may pull, remove and start containers meanwhile, in this process or another. */
export class Collector {
  readonly #deps: Deps;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** One after the other. `doomed` (digests and diff ids) is not kept for later tries. */
  async collect(keep: KeepTimes, doomed: ReadonlySet<string> = new Set()): Promise<void> {
    const next = this.#running.then(() => this.#collect(keep, doomed));
    this.#running = next.catch(() => undefined);
    await next;
  }

  async #collect(keep: KeepTimes, doomed: ReadonlySet<string>): Promise<void> {
    const { layout, blobs } = this.#deps;
    const { images, layers: layerIds, blobs: digests } = planCollection(await this.#content());
    const isDue = async (digest: string, path: string, keepMs: number): Promise<boolean> =>
      doomed.has(digest) || (await this.#ageMs(path)) >= keepMs;
    const due: Candidate[] = images.map((id) => ({ kind: 'images', digest: id, path: layout.image(id) }));
    for (const digest of layerIds) {
      const path = layout.layer(digest);
      if (await isDue(digest, path, keep.layersMs)) due.push({ kind: 'layers', digest, path });
    }
    for (const digest of digests) {
      const path = layout.blob(digest);
      if (await isDue(digest, path, keep.blobsMs)) due.push({ kind: 'blobs', digest, path });
    }
    await this.#removeUnlessWanted(due);
    await blobs.removeDrafts(keep.blobsMs);
  }

  /**
   * Takes things out of use, then looks again: who claimed one before that and saw it gets it back, who claims it after
   * that sees it is gone. Nobody is left with a claim on something that was there and goes.
   */
  async #removeUnlessWanted(candidates: readonly Candidate[]): Promise<void> {
    const moved: (Candidate & { aside: string })[] = [];
    for (const candidate of candidates) {
      const aside = join(this.#deps.layout.temporary, `out.${candidate.kind}.${basename(candidate.path)}`);
      await rm(aside, { recursive: true, force: true });
      if (await moveAside(candidate.path, aside)) moved.push({ ...candidate, aside });
    }
    if (moved.length === 0) return;
    const content = await this.#content();
    const ofKind = (kind: keyof Garbage): string[] => moved.filter((one) => one.kind === kind).map((one) => one.digest);
    const garbage = planCollection({
      ...content,
      images: [...content.images, ...ofKind('images').map(unreadImage)],
      layers: [...content.layers, ...ofKind('layers')],
      blobs: [...content.blobs, ...ofKind('blobs')],
    });
    for (const { kind, digest, path, aside } of moved) {
      // What was made anew meanwhile is as good as what comes back.
      if (!garbage[kind].includes(digest)) await rename(aside, path).catch(() => undefined);
      await rm(aside, { recursive: true, force: true });
    }
  }

  async #ageMs(path: string): Promise<number> {
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? 0 : this.#deps.clock.now() - found.mtimeMs;
  }

  /** Claims are read before records: work that ends meanwhile has written its records before it gives up its claim. */
  async #content(): Promise<StoreContent> {
    const { catalog, blobs, layers } = this.#deps;
    const [layerIds, digests] = [await layers.list(), await blobs.list()];
    const [snapshots, claims] = [await catalog.snapshots(), await catalog.claims()];
    const [images, references] = [await catalog.images(), await catalog.references()];
    return { references, images, snapshots, claims, layers: layerIds, blobs: digests };
  }
}

interface Candidate {
  kind: keyof Garbage;
  digest: string;
  path: string;
}

/** An image whose record is out of use while it is decided upon; its layers are decided upon by themselves. */
function unreadImage(id: string): StoredImage {
  return { id, diffIds: [], sizeBytes: 0, createdAt: 0, user: '' };
}

async function moveAside(path: string, aside: string): Promise<boolean> {
  try {
    await rename(path, aside);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
