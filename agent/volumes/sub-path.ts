import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ApiError } from '../../shared/errors.ts';
import { listMounts, mount, unmount } from '../host/mounts.ts';

/** Linux' O_PATH: names a file without opening it; Node has no constant for it. */
const onlyName = 0x20_0000;

/**
 * Binds a part of a volume to `target`. The part is reached step by step from the volume's root without following a
 * link, and what is bound is the file that was reached, so that a container that swaps in a link gains nothing.
 */
export async function bindSubPath(volume: string, path: string, target: string): Promise<void> {
  const root = await realpath(volume);
  const found = await makePath(root, segmentsOf(path));
  const handle = await openBeneath(root, relative(root, found));
  try {
    const isDirectory = (await handle.stat()).isDirectory();
    await mkdir(isDirectory ? target : dirname(target), { recursive: true, mode: 0o700 });
    for (const old of await listMounts(target)) await unmount(old);
    if (!isDirectory) await writeFile(target, '', { flag: 'a', mode: 0o600 });
    await mount(descriptorPath(handle), target, '', ['bind', 'rec'], '');
  } finally {
    await handle.close();
  }
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || segments.includes('..')) {
    throw new ApiError('Forbidden', `subPath must be relative and without '..': ${path}`);
  }
  return segments;
}

/** The real path below `root`, with directories made where nothing is. */
async function makePath(root: string, segments: readonly string[]): Promise<string> {
  let real = root;
  for (const segment of segments) {
    const next = join(real, segment);
    const resolved = await realpath(next).catch(() => undefined);
    if (resolved === undefined) {
      const parent = await openBeneath(root, relative(root, real));
      try {
        const { mode } = await stat(root);
        await mkdir(join(descriptorPath(parent), segment), { mode: mode & 0o7777 });
      } finally {
        await parent.close();
      }
    } else if (resolved !== root && !resolved.startsWith(`${root}/`)) {
      throw new ApiError('Forbidden', `subPath ${segments.join('/')} leads out of the volume`);
    }
    real = resolved ?? next;
  }
  return real;
}

async function openBeneath(root: string, path: string): Promise<FileHandle> {
  const flags = onlyName | constants.O_NOFOLLOW;
  let handle = await open(root, flags);
  for (const segment of path.split('/').filter((part) => part !== '')) {
    const parent = handle;
    try {
      handle = await open(join(descriptorPath(parent), segment), flags);
    } finally {
      await parent.close();
    }
    if ((await handle.stat()).isSymbolicLink()) {
      await handle.close();
      throw new ApiError('Forbidden', `subPath ${path} holds a symbolic link`);
    }
  }
  return handle;
}

function descriptorPath({ fd }: FileHandle): string {
  return `/proc/${String(process.pid)}/fd/${String(fd)}`;
}
