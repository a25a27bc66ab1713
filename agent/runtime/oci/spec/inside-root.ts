import { constants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../../../host/libc.ts';

const maxLinks = 40;
const maxBytes = 4 << 20;

/**
 * Where `path` leads inside `root`, with every symlink read as a program in that root would read it, so that it never
 * leads out. Nothing may run in the root meanwhile. Components that do not exist are kept as they are.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const todo = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const link = await linkTarget(join(root, ...done, part));
    if (link === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > maxLinks) throw new Error(`too many symlinks in ${path}`);
    if (link.startsWith('/')) done.length = 0;
    todo.push(...link.split('/').reverse());
  }
  return join(root, ...done);
}

/** Text of a regular file inside the root, at most 4 MiB of it; '' when there is none. */
export async function readInside(root: string, path: string): Promise<string> {
  const real = await resolveInside(root, path);
  try {
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return '';
      const buffer = Buffer.alloc(Math.min(stat.size, maxBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(errnoCode(error) ?? '')) return '';
    throw error;
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
}
