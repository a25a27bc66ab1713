import { closeSync, openSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { ApiError, messageOf } from '../../shared/errors.ts';
import { libc } from './libc.ts';
import type { PodUsers } from './namespaces.ts';

const cloneTree = 1;
const closeOnExec = 0o2000000;
const recursive = 0x8000;
const emptyPath = 0x1000;
const mapIds = 0x10_0000n;
const readOnly = 1n;
const fromFd = 4;

/**
 * Shows `source`, with what is mounted below it, at the new path `target`, as the users of a pod see it: what belongs to
 * the host's root belongs to the pod's. Read-only all the way down if wanted: who is root of the pod cannot change that.
 * It is taken down like any mount. Throws Forbidden where the kernel or the file
 * system cannot do that.
 */
export async function mountMapped(
  source: string,
  target: string,
  { path }: PodUsers,
  { isReadOnly = false } = {},
): Promise<void> {
  const native = libc();
  if (native === undefined) throw cannot(source, 'the agent has no native system calls');
  if ((await stat(source)).isDirectory()) await mkdir(target, { mode: 0o700 });
  else await writeFile(target, '', { mode: 0o600, flag: 'wx' });
  const fds: number[] = [];
  try {
    const users = openSync(path, 'r');
    fds.push(users);
    const tree = native.openTree(source, cloneTree | closeOnExec | recursive);
    fds.push(tree);
    const attributes = Buffer.alloc(32); // what is set, what is cleared, propagation, the user namespace
    attributes.writeBigUInt64LE(isReadOnly ? mapIds | readOnly : mapIds, 0);
    attributes.writeBigUInt64LE(BigInt(users), 24);
    native.mountSetattr(tree, emptyPath | recursive, attributes);
    native.moveMount(tree, target, fromFd);
  } catch (error) {
    throw cannot(source, messageOf(error));
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function cannot(source: string, why: string): ApiError {
  return new ApiError('Forbidden', `hostUsers: false is not possible with ${source} on this node: ${why}`);
}
