import { chmod, mkdir, readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../shared/atomic-file.ts';

/** Makes a directory that only its owner may enter. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/**
 * Replaces a file that only its owner may read, at once: a reader sees the old text or the new one. Does nothing when it
 * has this text: a program that starts anew on a full disk has no room for another copy.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  if ((await readIfPresent(path)) !== text) await writeFileAtomic(path, text, 0o600);
}

/** The text of a file, or undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
