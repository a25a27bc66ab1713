import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { mountMapped } from '../../host/mapped-mounts.ts';
import { listMounts, mount, unmount } from '../../host/mounts.ts';
import type { Mount } from '../driver.ts';
import type { SpecInput } from './spec/build-spec.ts';

type Seen = Pick<SpecInput, 'config' | 'sandbox' | 'rootfs'>;

/** Whoever is no root on the host has to find the root of a container, and nothing beside it. */
const passable = 0o711;

/**
 * What a container mounts, as the users of its pod see it: below `directory`, which must be new, each file and directory
 * of the host is shown anew. As it is for a pod without users of its own. Throws Forbidden for what cannot be shown so.
 */
export async function seenByUsers(directory: string, seen: Seen): Promise<Seen> {
  const { config, sandbox, rootfs } = seen;
  const { users, files } = sandbox;
  if (users === undefined) return seen;
  await mkdir(directory, { recursive: true, mode: passable });
  const run = dirname(dirname(directory));
  for (const path of [dirname(run), run, dirname(directory), directory]) await chmod(path, passable);
  const root = join(directory, 'root');
  await mkdir(root);
  await mount(rootfs, root, '', ['bind'], '');
  const show = async (source: string, name: string, isReadOnly = false): Promise<string> => {
    await mountMapped(source, join(directory, name), users, { isReadOnly });
    return join(directory, name);
  };
  const mounts: Mount[] = [];
  for (const [index, each] of config.mounts.entries()) {
    const hostPath = await show(each.hostPath, `volume-${index}`, each.readOnly !== false);
    // The runtime, which acts as the pod's root, may not mount it anew with other options, and need not.
    mounts.push({ ...each, hostPath, readOnly: false });
  }
  const own = {
    hosts: await show(files.hosts, 'hosts'),
    hostname: await show(files.hostname, 'hostname'),
    resolvConf: await show(files.resolvConf, 'resolv.conf'),
  };
  // Everybody may write to its memory as it is.
  return { rootfs: root, config: { ...config, mounts }, sandbox: { ...sandbox, files: { ...own, shm: files.shm } } };
}

/** Takes all of it away, never through a mount. Succeeds when it is gone. */
export async function removeMapped(directory: string): Promise<void> {
  for (const point of await listMounts(directory)) await unmount(point);
  const [left] = await listMounts(directory);
  if (left !== undefined) throw new ApiError('Conflict', `${left} is still mounted`);
  await rm(directory, { recursive: true, force: true });
}
