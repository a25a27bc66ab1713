import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const names = { serial: 0 };

/**
 * Replaces a file so that a reader, or this program after a crash or on a full disk, finds the old bytes or the new
 * ones and never a part. The directory exists.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  names.serial += 1;
  const temporary = `${path}.${String(process.pid)}.${String(names.serial)}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes what a process left that was killed while it wrote. Call it before anybody writes to the directory. */
export async function removeHalfWritten(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((file) => /\.\d+\.\d+\.tmp$/.test(file));
  await Promise.all(left.map((file) => rm(join(directory, file), { force: true })));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
