import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Says that an error of the file system has this code. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Writes a file so that others see it whole or not at all. A power cut may take it. */
export async function writeWhole(path: string, content: string | Buffer, temporary: string): Promise<void> {
  await replace(path, content, temporary, false);
}

/** Writes a file so that it is there whole or not at all, also after a power cut. */
export async function writeDurably(path: string, content: string | Buffer, temporary: string): Promise<void> {
  await replace(path, content, temporary, true);
  await syncFolder(dirname(path));
}

async function replace(path: string, content: string | Buffer, temporary: string, isDurable: boolean): Promise<void> {
  const draft = join(temporary, `${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (isDurable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The value of a JSON file; undefined when there is none or it cannot be read as JSON. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Takes something out of use in one step, then removes it. Succeeds when it is not there. */
export async function discard(path: string, temporary: string): Promise<void> {
  const trash = join(temporary, `${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await rename(path, trash);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await rm(trash, { recursive: true, force: true });
}
