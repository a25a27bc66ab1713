import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from './reference.ts';
import { newOwner } from './store-owner.ts';

/**
 * Where the image store keeps things; all on one file system, so that a rename is the moment something comes to be.
 * Complete is what has its final name: whatever another process of the machine sees there may be used.
 */
export class StoreLayout {
  readonly root: string;
  /** Registry content as it came: manifests, configs, compressed layers. */
  readonly blobs: string;
  /** Unpacked layers by diff id: `<hex>/{fs,layer.json}`. */
  readonly layers: string;
  /** One record a complete image, by id. */
  readonly images: string;
  /** One record a name. */
  readonly references: string;
  /** What a running pull, push or import needs and no record says yet. */
  readonly claims: string;
  /** Roots of containers: `<container>/{snapshot.json,upper,work,root}`. */
  readonly snapshots: string;
  /** Work in progress and what is on its way out, one folder a process. */
  readonly drafts: string;
  /** The name of this process for what it has not finished. */
  readonly owner: string;
  /** The folder in `drafts` of this process. */
  readonly temporary: string;

  constructor(root: string) {
    this.root = root;
    this.blobs = join(root, 'blobs', 'sha256');
    this.layers = join(root, 'layers');
    this.images = join(root, 'images');
    this.references = join(root, 'references');
    this.claims = join(root, 'claims');
    this.snapshots = join(root, 'snapshots');
    this.drafts = join(root, 'drafts');
    this.owner = newOwner();
    this.temporary = join(this.drafts, this.owner);
  }

  /** Makes the folders. Only root may look inside: layers hold set-user-id programs and devices. */
  async create(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    const folders = [
      this.blobs,
      this.layers,
      this.images,
      this.references,
      this.claims,
      this.snapshots,
      this.temporary,
    ];
    await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  }

  blob(digest: string): string {
    return join(this.blobs, hexOf(digest));
  }

  layer(diffId: string): string {
    return join(this.layers, hexOf(diffId));
  }

  layerFiles(diffId: string): string {
    return join(this.layer(diffId), 'fs');
  }

  image(id: string): string {
    return join(this.images, `${hexOf(id)}.json`);
  }

  reference(name: string): string {
    return join(this.references, `${createHash('sha256').update(name).digest('hex')}.json`);
  }

  snapshot(container: string): string {
    return join(this.snapshots, container);
  }
}
