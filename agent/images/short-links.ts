import { createHash } from 'node:crypto';
import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './durable-file.ts';

const nameLength = 6;

/** Short names for long paths, by symlinks: mount options end at one page. Nothing is kept but the links. */
export class ShortLinks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A short path that leads to `target`; the same for the same target. */
  async to(target: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const digits = createHash('sha256').update(target).digest('base64url').replaceAll(/[-_]/g, 'x');
    for (let length = nameLength; length <= digits.length; length += 1) {
      const link = join(this.#folder, digits.slice(0, length));
      if (await leadsTo(link, target)) return link;
    }
    throw new Error(`no short name is left for ${target}`);
  }

  /** Succeeds when there is none. */
  async remove(target: string): Promise<void> {
    const link = await this.to(target);
    await rm(link, { force: true });
  }
}

async function leadsTo(link: string, target: string): Promise<boolean> {
  try {
    await symlink(target, link);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return (await readlink(link).catch(() => '')) === target;
  }
}
