import { chown, mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, hasReason, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { mountMapped } from '../host/mapped-mounts.ts';
import { listMounts, mount, unmount } from '../host/mounts.ts';
import type { PodUsers } from '../host/namespaces.ts';
import type { AgentPaths } from '../paths.ts';
import type { ContainerId } from '../runtime/driver.ts';
import { discard, hasCode, writeWhole } from './durable-file.ts';
import { parseImageDocument } from './manifest.ts';
import type { OciImageStore } from './oci-image-store.ts';
import { ShortLinks } from './short-links.ts';
import type { ImageConfig, Snapshotter } from './snapshotter.ts';

export interface OverlaySnapshotterOptions {
  paths: AgentPaths;
  store: OciImageStore;
  log: Logger;
}

/** What a mount call copies of its options, with the zero byte. */
const maxOptionBytes = 4095;
const idPattern = /^[A-Za-z0-9][\w.-]{0,200}$/;

/**
 * Roots of containers: an overlay of the image's layers with a fresh upper folder, mounted at `snapshots/<id>/root`.
 * Everything is on disk; a new process finds it by listing.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly #store: OciImageStore;
  readonly #log: Logger;
  readonly #links: ShortLinks;
  /** `volatile` spares syncing at unmount; kernels before 5.10 do not know it. */
  #options = ['volatile'];

  constructor({ paths, store, log }: OverlaySnapshotterOptions) {
    this.#store = store;
    this.#log = log;
    this.#links = new ShortLinks(join(paths.run, 'l'));
  }

  async imageConfig(imageId: string): Promise<ImageConfig> {
    await this.#image(imageId);
    return parseImageDocument(await this.#store.blobs.read(imageId)).config;
  }

  async prepare(id: ContainerId, imageId: string, users?: PodUsers): Promise<string> {
    const folder = this.#folder(id);
    const { diffIds } = await this.#image(imageId);
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      throw new ApiError('AlreadyExists', `the root of container ${id} exists already`, {}, { cause: error });
    }
    try {
      const record = JSON.stringify({ container: id, imageId, diffIds });
      await writeWhole(join(folder, 'snapshot.json'), record, this.#store.layout.temporary);
      for (const name of ['upper', 'work', 'root']) await mkdir(join(folder, name), { mode: 0o755 });
      await this.#mountRoot(folder, await this.#visibleLayers(diffIds), users);
      return join(folder, 'root');
    } catch (error) {
      await this.remove(id).catch((failure: unknown) => this.#log.warn('root of a container is left', { id, failure }));
      const reason = hasReason(error, 'Forbidden') ? error.reason : 'InternalError';
      throw new ApiError(reason, `root of container ${id}: ${messageOf(error)}`, {}, { cause: error });
    }
  }

  /** Top first. A layer counts once, where it is uppermost, and nothing counts below one that hides all. */
  async #visibleLayers(diffIds: readonly string[]): Promise<string[]> {
    const visible: string[] = [];
    for (const diffId of new Set([...diffIds].reverse())) {
      const facts = await this.#store.layers.facts(diffId);
      if (facts === undefined) throw new ApiError('NotFound', `layer ${diffId} is not here any more`);
      visible.push(this.#store.layout.layerFiles(diffId));
      if (facts.isOpaqueRoot) break;
    }
    return visible;
  }

  /** The overlay holds on to its layers as they were mapped: the mapped mounts themselves are not needed any longer. */
  async #mountRoot(folder: string, layers: readonly string[], users: PodUsers | undefined): Promise<void> {
    const links: string[] = [];
    if (users === undefined) {
      for (const layer of layers) links.push(await this.#links.to(layer));
      return this.#mount(folder, links);
    }
    const base = await this.#links.to(folder);
    await chown(join(folder, 'upper'), users.firstId, users.firstId);
    const mapped: string[] = [];
    try {
      for (const [index, layer] of layers.entries()) {
        const path = join(folder, `layer-${index}`);
        await mountMapped(layer, path, users);
        mapped.push(path);
        links.push(`${base}/layer-${index}`);
      }
      await this.#mount(folder, links);
    } finally {
      for (const path of mapped) await unmount(path);
    }
  }

  /** Layers by their short names. */
  async #mount(folder: string, layers: readonly string[]): Promise<void> {
    const base = await this.#links.to(folder);
    // An overlay needs one layer at least; an image may have none.
    const lower = layers.length > 0 ? layers : [await emptyFolder(base)];
    const places = [`lowerdir=${lower.join(':')}`, `upperdir=${base}/upper`, `workdir=${base}/work`];
    const data = [...places, ...this.#options].join(',');
    if (data.length > maxOptionBytes)
      throw new ApiError('Invalid', `an image of ${layers.length} layers cannot be mounted`);
    try {
      await mount('overlay', join(folder, 'root'), 'overlay', [], data);
    } catch (error) {
      if (this.#options.length === 0) throw error;
      await mount('overlay', join(folder, 'root'), 'overlay', [], places.join(','));
      this.#options = [];
    }
  }

  writablePath(id: ContainerId): string {
    return join(this.#folder(id), 'upper');
  }

  async remove(id: ContainerId): Promise<void> {
    const folder = this.#folder(id);
    for (const point of await listMounts(folder)) await unmount(point);
    // Not recursive: it fails when something is still mounted there, and then nothing is deleted.
    await rmdir(join(folder, 'root')).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    const own = await this.#store.catalog.snapshot(id);
    await discard(folder, this.#store.layout.temporary);
    await this.#links.remove(folder);
    if (own === undefined || (await this.#store.find(own.imageId)) !== undefined) return;
    await this.#store.collectGarbage(new Set(own.diffIds));
  }

  async list(): Promise<ContainerId[]> {
    return (await readdir(this.#store.layout.snapshots)) as ContainerId[];
  }

  #folder(id: string): string {
    if (!idPattern.test(id)) throw new ApiError('BadRequest', `"${id}" is not a container id`);
    return this.#store.layout.snapshot(id);
  }

  async #image(imageId: string): Promise<{ diffIds: string[] }> {
    const image = await this.#store.catalog.image(imageId);
    if (image === undefined) throw new ApiError('NotFound', `image ${imageId} is not on this node`);
    return image;
  }
}

async function emptyFolder(folder: string): Promise<string> {
  const path = join(folder, 'empty');
  await mkdir(path, { recursive: true });
  return path;
}
