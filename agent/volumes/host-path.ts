import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { ApiError } from '../../shared/errors.ts';

const checks: Record<string, [is: (found: Stats) => boolean, what: string]> = {
  Directory: [(found) => found.isDirectory(), 'directory'],
  DirectoryOrCreate: [(found) => found.isDirectory(), 'directory'],
  File: [(found) => found.isFile(), 'file'],
  FileOrCreate: [(found) => found.isFile(), 'file'],
  Socket: [(found) => found.isSocket(), 'socket file'],
  CharDevice: [(found) => found.isCharacterDevice(), 'character device'],
  BlockDevice: [(found) => found.isBlockDevice(), 'block device'],
};

/** Makes or checks a path of the host as its type says. Throws BadRequest when it is something else. */
export async function checkHostPath(path: string, type = ''): Promise<void> {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new ApiError('BadRequest', `hostPath must be absolute and without '..': ${path}`);
  }
  if (type === 'DirectoryOrCreate' || type === '') await makeDirectory(path, type);
  if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
  if (type === '') return;
  const [is, what] = checks[type] ?? [];
  if (is === undefined) throw new ApiError('BadRequest', `unknown hostPath type ${type}`);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !is(found)) {
    throw new ApiError('BadRequest', `hostPath type check failed: ${path} is not a ${what ?? ''}`);
  }
}

/** Without a type anything may be there; when nothing is, a directory, as container runtimes do. */
async function makeDirectory(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
  else if (type !== '' && !found.isDirectory()) {
    throw new ApiError('BadRequest', `hostPath type check failed: ${path} is not a directory`);
  }
}
