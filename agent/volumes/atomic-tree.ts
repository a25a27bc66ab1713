import { constants } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Payload, PayloadFile } from './payload.ts';

const current = '..data';

/**
 * Makes a directory show exactly these files, all old or all new at any moment: they lie in a directory of their own,
 * `..data` points to it, and every name points through `..data`. Writes nothing when nothing changed; true when it did.
 */
export async function writeTree(directory: string, payload: Payload, group?: number): Promise<boolean> {
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const before = await readlink(join(directory, current)).catch(() => undefined);
  if (before !== undefined && (await isSame(join(directory, before), payload, group))) {
    await showNames(directory, payload);
    return false;
  }
  const fresh = await mkdtemp(join(directory, `..${new Date().toISOString().replaceAll(/[-:.TZ]/g, '_')}.`));
  await chmod(fresh, 0o755);
  await chownGroup(fresh, group);
  for (const [path, file] of payload) {
    await mkdir(dirname(join(fresh, path)), { recursive: true, mode: 0o755 });
    await writeNew(join(fresh, path), file, group);
  }
  await swap(directory, fresh);
  await showNames(directory, payload);
  await chownGroup(directory, group);
  for (const name of await readdir(directory)) {
    if (name.startsWith('..') && name !== current && join(directory, name) !== fresh) {
      await rm(join(directory, name), { recursive: true, force: true });
    }
  }
  return true;
}

async function swap(directory: string, fresh: string): Promise<void> {
  const temporary = join(directory, '..data_tmp');
  await rm(temporary, { force: true });
  await symlink(fresh.slice(directory.length + 1), temporary);
  await rename(temporary, join(directory, current));
}

async function showNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  const present = (await readdir(directory)).filter((name) => !name.startsWith('..'));
  for (const name of wanted) if (!present.includes(name)) await symlink(join(current, name), join(directory, name));
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { force: true });
}

async function writeNew(
  path: string,
  { bytes, mode, owner = 0 }: PayloadFile,
  group: number | undefined,
): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await file.writeFile(bytes);
    if (group !== undefined || owner !== 0) await file.chown(owner, group ?? 0);
    await file.chmod(readable(mode, group));
  } finally {
    await file.close();
  }
}

async function isSame(directory: string, payload: Payload, group: number | undefined): Promise<boolean> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    if (entries.filter((entry) => !entry.isDirectory()).length !== payload.size) return false;
    for (const [path, { bytes, mode, owner = 0 }] of payload) {
      const { mode: found, uid } = await lstat(join(directory, path));
      if ((found & 0o7777) !== readable(mode, group) || uid !== owner) return false;
      if (!bytes.equals(await readFile(join(directory, path)))) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** The group that a pod asks for can read, whatever mode was asked. */
function readable(mode: number, group: number | undefined): number {
  return group === undefined ? mode : mode | 0o440;
}

async function chownGroup(path: string, group: number | undefined): Promise<void> {
  if (group !== undefined) await chown(path, 0, group);
}
