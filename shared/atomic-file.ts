import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
