import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mount, unmount } from '../../../agent/host/mounts.ts';
import type { ImageRecord, ImageService } from '../../../agent/images/image-service.ts';
import type { ImageConfig, Snapshotter } from '../../../agent/images/snapshotter.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';

export const busyboxId = 'sha256:0000000000000000000000000000000000000000000000000000000000000001';

const applets =
  'sh cat echo id ls sleep true false env pwd hostname ip mount unshare kill ps nc wget httpd head tail dd yes test stat touch mkdir rm trap ulimit grep stty ping setsid wc tr od chroot mknod chmod';

const image: ImageRecord = {
  id: busyboxId,
  references: ['docker.io/library/busybox:1'],
  repoDigests: [],
  sizeBytes: 1 << 20,
  createdAt: 0,
  user: '',
};

/** One image, made of the machine's static busybox; always present. */
export const busyboxImages: ImageService = {
  pull: () => Promise.resolve(image),
  find: () => Promise.resolve(image),
  list: () => Promise.resolve([image]),
  remove: () => Promise.resolve(),
};

/** Overlay mounts over one directory with busybox, below a directory of the test. */
export class BusyboxSnapshotter implements Snapshotter {
  readonly #directory: string;
  #lower: Promise<string> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  imageConfig(): Promise<ImageConfig> {
    return Promise.resolve({ Env: ['PATH=/bin', '=nameless', 'IMAGE=busybox'], Cmd: ['sleep', '1000'] });
  }

  async prepare(id: ContainerId): Promise<string> {
    this.#lower ??= this.#makeLower();
    const lower = await this.#lower;
    const base = join(this.#directory, 'snapshots', id);
    const [upper, work, merged] = [join(base, 'upper'), join(base, 'work'), join(base, 'merged')];
    for (const directory of [upper, work, merged]) await mkdir(directory, { recursive: true });
    await mount('overlay', merged, 'overlay', [], `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
    return merged;
  }

  writablePath(id: ContainerId): string {
    return join(this.#directory, 'snapshots', id, 'upper');
  }

  async remove(id: ContainerId): Promise<void> {
    const base = join(this.#directory, 'snapshots', id);
    await unmount(join(base, 'merged'));
    await rm(base, { recursive: true, force: true });
  }

  async list(): Promise<ContainerId[]> {
    return (await readdir(join(this.#directory, 'snapshots')).catch(() => [])) as ContainerId[];
  }

  async #makeLower(): Promise<string> {
    const lower = join(this.#directory, 'busybox');
    await rm(lower, { recursive: true, force: true });
    for (const name of ['bin', 'etc', 'tmp', 'dev', 'proc', 'sys']) await mkdir(join(lower, name), { recursive: true });
    await chmod(join(lower, 'tmp'), 0o1777);
    await copyFile('/bin/busybox', join(lower, 'bin', 'busybox'));
    for (const applet of applets.split(' ')) await symlink('busybox', join(lower, 'bin', applet));
    await writeFile(join(lower, 'etc', 'passwd'), 'root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/:/bin/sh\n');
    await writeFile(join(lower, 'etc', 'group'), 'root:x:0:\nweb:x:1001:\nextra:x:2000:web\n');
    await writeFile(join(lower, 'bin', 'not-a-program'), 'neither ELF nor script\n', { mode: 0o755 });
    return lower;
  }
}
