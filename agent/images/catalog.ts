import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { readJson, writeDurably, writeWhole } from './durable-file.ts';
import type { StoreLayout } from './layout.ts';
import { RecordFolder } from './record-folder.ts';
import { isOwnerAlive } from './store-owner.ts';

/** An unpacked image. It counts only while a name leads to it. */
export interface StoredImage {
  id: string;
  /** Bottom first. */
  diffIds: string[];
  sizeBytes: number;
  createdAt: number;
  user: string;
}

/** A name of an image. */
export interface StoredReference {
  /** Canonical. */
  name: string;
  imageId: string;
  /** The manifest of this node's platform: a blob. */
  manifest: string;
  /** `<repository>@<digest>` of what the name led to in the registry, an index or a manifest; '' for what was made here. */
  repoDigest: string;
  /** Everything to push: manifest, config, layers. */
  blobs: string[];
}

/** What running work needs. */
export interface Needs {
  blobs: string[];
  diffIds: string[];
  imageIds: string[];
}

/** What a container's root is made of. */
export interface StoredSnapshot {
  container: string;
  imageId: string;
  /** Bottom first. */
  diffIds: string[];
}

/**
 * The records of the store, one file each: every change is one rename, so two processes never undo each other's. An
 * image is written before its first name and removed after its last one.
 */
export class Catalog {
  readonly #layout: StoreLayout;
  readonly #images: RecordFolder<StoredImage>;
  readonly #references: RecordFolder<StoredReference>;
  #claims = 0;

  constructor(layout: StoreLayout, clock: Clock) {
    this.#layout = layout;
    this.#images = new RecordFolder(layout.images, clock);
    this.#references = new RecordFolder(layout.references, clock);
  }

  async images(): Promise<readonly StoredImage[]> {
    return this.#images.all();
  }

  async image(id: string): Promise<StoredImage | undefined> {
    return readJson(this.#layout.image(id));
  }

  async putImage(image: StoredImage): Promise<void> {
    await writeDurably(this.#layout.image(image.id), JSON.stringify(image), this.#layout.temporary);
  }

  async removeImage(id: string): Promise<void> {
    await rm(this.#layout.image(id), { force: true });
  }

  async references(): Promise<readonly StoredReference[]> {
    return this.#references.all();
  }

  async reference(name: string): Promise<StoredReference | undefined> {
    return readJson(this.#layout.reference(name));
  }

  async putReference(reference: StoredReference): Promise<void> {
    await writeDurably(this.#layout.reference(reference.name), JSON.stringify(reference), this.#layout.temporary);
  }

  async removeReference(name: string): Promise<void> {
    await rm(this.#layout.reference(name), { force: true });
  }

  /** Keeps what `work` needs from being collected while it runs, by any process. It may call `need` for more. */
  async claiming<T>(work: (need: (more: Partial<Needs>) => Promise<void>) => Promise<T>): Promise<T> {
    this.#claims += 1;
    const path = join(this.#layout.claims, `${this.#layout.owner}.${this.#claims}.json`);
    const needs: Needs = { blobs: [], diffIds: [], imageIds: [] };
    const need = async ({ blobs = [], diffIds = [], imageIds = [] }: Partial<Needs>): Promise<void> => {
      needs.blobs.push(...blobs);
      needs.diffIds.push(...diffIds);
      needs.imageIds.push(...imageIds);
      await writeWhole(path, JSON.stringify(needs), this.#layout.temporary);
    };
    try {
      return await work(need);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Of running processes; those of ended ones are removed. */
  async claims(): Promise<Needs[]> {
    const found: Needs[] = [];
    for (const file of await readdir(this.#layout.claims)) {
      const path = join(this.#layout.claims, file);
      const needs = isOwnerAlive(file.split('.')[0] ?? '') ? await readJson<Needs>(path) : undefined;
      if (needs === undefined) await rm(path, { force: true });
      else found.push(needs);
    }
    return found;
  }

  async snapshots(): Promise<StoredSnapshot[]> {
    const names = await readdir(this.#layout.snapshots);
    const found = await Promise.all(names.map((name) => this.snapshot(name)));
    return found.filter((snapshot) => snapshot !== undefined);
  }

  async snapshot(container: string): Promise<StoredSnapshot | undefined> {
    return readJson(join(this.#layout.snapshot(container), 'snapshot.json'));
  }
}
