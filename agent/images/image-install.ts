import { ImageError } from './image-service.ts';
import { type BlobSource, type BlobStore, digestOf } from './blob-store.ts';
import type { Catalog } from './catalog.ts';
import { run } from '../host/run.ts';
import type { LayerStore } from './layer-store.ts';
import type { StoreLayout } from './layout.ts';
import {
  type Descriptor,
  type ImageDocument,
  isSamePlatform,
  type Manifest,
  parseImageDocument,
  type Platform,
  platformName,
} from './manifest.ts';
import { LayerError } from './tar-header.ts';
import { LayerBudget, type LayerLimits } from './tar-rewriter.ts';
import { forEachLimited } from './turnstile.ts';

interface Deps {
  layout: StoreLayout;
  catalog: Catalog;
  blobs: BlobStore;
  layers: LayerStore;
  limits: LayerLimits;
  platform: Platform;
}

/** An image to be made complete under a name. */
export interface InstallPlan {
  name: string;
  repoDigest: string;
  /** As it came: its digest names it. */
  manifestBody: Buffer;
  manifest: Manifest;
  /** Where blobs come from that are not there yet. */
  source: (descriptor: Descriptor) => BlobSource;
  onProgress: (doneBytes: number, totalBytes: number) => void;
  signal: AbortSignal;
}

const layersAtOnce = 3;

/** Fetches what an image lacks, unpacks it and gives it its name: the last step, before which nobody sees it. */
export class ImageInstaller {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** The id of the image. Throws ImageError. */
  async install(plan: InstallPlan): Promise<string> {
    const { catalog, blobs, layers } = this.#deps;
    const { manifest, manifestBody, name, repoDigest } = plan;
    const manifestDigest = digestOf(manifestBody);
    const id = manifest.config.digest;
    const pushed = [manifestDigest, id, ...manifest.layers.map(({ digest }) => digest)];
    await catalog.claiming(async (need) => {
      await need({ blobs: pushed, imageIds: [id] });
      await blobs.write(manifestBody);
      await blobs.fetch(manifest.config, plan.source(manifest.config), { signal: plan.signal });
      const document = parseImageDocument(await blobs.read(id));
      this.#check(document, manifest);
      await need({ diffIds: document.diffIds });
      await this.#installLayers(plan, document.diffIds);
      const facts = await Promise.all(document.diffIds.map((diffId) => layers.facts(diffId)));
      // The record must not survive a power cut that the files of the image do not.
      await run('sync', ['-f', this.#deps.layout.layers]);
      await catalog.putImage({
        id,
        diffIds: document.diffIds,
        sizeBytes: facts.reduce((sum, layer) => sum + (layer?.bytes ?? 0), 0),
        createdAt: Date.parse(document.created ?? '') || 0,
        user: document.config.User ?? '',
      });
      await catalog.putReference({ name, imageId: id, manifest: manifestDigest, repoDigest, blobs: pushed });
    });
    return id;
  }

  #check(document: ImageDocument, { layers }: Manifest): void {
    const { os = this.#deps.platform.os, architecture = this.#deps.platform.architecture } = document;
    if (!isSamePlatform({ os, architecture }, this.#deps.platform)) {
      const [its, ours] = [platformName({ os, architecture }), platformName(this.#deps.platform)];
      throw new ImageError('ErrImagePull', `the image is for ${its}, this node is ${ours}`);
    }
    if (document.diffIds.length !== layers.length) {
      const counts = `${layers.length} layers, the image config names ${document.diffIds.length}`;
      throw new ImageError('ErrImagePull', `the manifest has ${counts}`);
    }
  }

  async #installLayers(plan: InstallPlan, diffIds: readonly string[]): Promise<void> {
    const { layers } = plan.manifest;
    const budget = new LayerBudget(this.#deps.limits);
    const totalBytes = layers.reduce((sum, { size }) => sum + size, 0);
    const done = layers.map(() => 0);
    await forEachLimited(layers, layersAtOnce, plan.signal, async (layer, index, signal) => {
      const report = (bytes: number): void => {
        done[index] = bytes;
        plan.onProgress(
          done.reduce((sum, part) => sum + part, 0),
          totalBytes,
        );
      };
      await this.#deps.blobs.fetch(layer, plan.source(layer), { onProgress: report, signal });
      report(layer.size);
      const diffId = diffIds[index] ?? '';
      if (await this.#deps.layers.has(diffId)) return;
      await this.#unpack(layer, diffId, plan, budget, signal);
    });
  }

  /** Once more from the source when the blob turns out to have changed on the disk. */
  async #unpack(
    layer: Descriptor,
    diffId: string,
    plan: InstallPlan,
    budget: LayerBudget,
    signal: AbortSignal,
  ): Promise<void> {
    const { blobs, layers } = this.#deps;
    try {
      await layers.unpack(layer.digest, diffId, budget, signal);
    } catch (error) {
      if (!(error instanceof LayerError) || signal.aborted) throw error;
      if (await blobs.verify(layer.digest)) {
        throw new ImageError('ErrImagePull', `layer ${layer.digest}: ${error.message}`, { cause: error });
      }
      await blobs.fetch(layer, plan.source(layer), { signal });
      await layers.unpack(layer.digest, diffId, budget, signal);
    }
  }
}
