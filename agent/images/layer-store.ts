import { createHash } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { hasCode, readJson, writeWhole } from './durable-file.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf } from './reference.ts';
import { SingleFlight } from './single-flight.ts';
import { LayerError } from './tar-header.ts';
import { type LayerBudget, type LayerFacts, rewriteLayer } from './tar-rewriter.ts';
import { Turnstile } from './turnstile.ts';
import { unpackTar } from './unpack.ts';

export interface LayerStoreOptions {
  layout: StoreLayout;
  blobs: BlobStore;
  /** Layers unpacked at once, of all images. */
  unpacks?: number;
}

/** Unpacked layers by the digest of their uncompressed tar. What has its final name is whole and was verified. */
export class LayerStore {
  readonly #layout: StoreLayout;
  readonly #blobs: BlobStore;
  readonly #flights = new SingleFlight<void>();
  readonly #turnstile: Turnstile;

  constructor({ layout, blobs, unpacks = 2 }: LayerStoreOptions) {
    this.#layout = layout;
    this.#blobs = blobs;
    this.#turnstile = new Turnstile(unpacks);
  }

  async has(diffId: string): Promise<boolean> {
    return access(this.#layout.layerFiles(diffId)).then(
      () => true,
      () => false,
    );
  }

  /** Undefined when it is not there. */
  async facts(diffId: string): Promise<LayerFacts | undefined> {
    return readJson<LayerFacts>(join(this.#layout.layer(diffId), 'layer.json'));
  }

  /** Unpacks a blob of the store, unless the layer is there. Who asks for the same joins. Throws LayerError. */
  async unpack(digest: string, diffId: string, budget: LayerBudget, signal: AbortSignal): Promise<void> {
    if (await this.has(diffId)) return;
    await this.#flights.join(
      diffId,
      (inner) => this.#turnstile.run(() => this.#unpack(digest, diffId, budget, inner), inner),
      { signal },
    );
  }

  async #unpack(digest: string, diffId: string, budget: LayerBudget, signal: AbortSignal): Promise<void> {
    const draft = join(this.#layout.temporary, `layer.${hexOf(diffId)}`);
    const files = join(draft, 'fs');
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await mkdir(files, { mode: 0o755 });
    try {
      const facts: LayerFacts = { entries: 0, bytes: 0, isOpaqueRoot: false };
      const hash = createHash('sha256');
      const tar = hashed(decompress(this.#blobs.stream(digest), signal), (piece) => hash.update(piece));
      await unpackTar(rewriteLayer(tar, budget, facts), files, signal);
      const found = `sha256:${hash.digest('hex')}`;
      if (found !== diffId) throw new LayerError(`its content is ${found}, the image config wants ${diffId}`);
      await writeWhole(join(draft, 'layer.json'), JSON.stringify(facts), this.#layout.temporary);
      await this.#publish(draft, diffId);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async #publish(draft: string, diffId: string): Promise<void> {
    try {
      await rename(draft, this.#layout.layer(diffId));
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error; // another process was faster
    }
  }

  /** Diff ids of what is whole. */
  async list(): Promise<string[]> {
    return (await readdir(this.#layout.layers)).map((hex) => `sha256:${hex}`);
  }
}

async function* hashed(source: AsyncIterable<Buffer>, update: (piece: Buffer) => void): AsyncGenerator<Buffer, void> {
  for await (const piece of source) {
    update(piece);
    yield piece;
  }
}
