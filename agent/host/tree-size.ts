import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { errnoCode } from './libc.ts';

export interface TreeWalkOptions {
  /** Beyond this many bytes nothing more is counted. */
  stopAtBytes: number;
  /** Awaited after every few hundred files: sets the pace of the walk, or ends it by throwing. */
  pause: () => Promise<void>;
}

/** Deeper than anything that is not made to hide something; two open files for each level. */
const maxDepth = 256;
/** Some file systems show what is renamed meanwhile again and again. */
const maxFiles = 4_000_000;
const filesPerPause = 200;
const blockBytes = 512;
const gone: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE'];

/**
 * What a file, or a directory with all below it, takes of its disk. Its owner may change it during the walk: no link is
 * followed, no other file system entered, and memory and open files are bounded whatever is there. What is nested too
 * deep or has too many files to be measured counts as infinite; what is not there as nothing.
 */
export async function treeBytes(path: string, options: TreeWalkOptions): Promise<number> {
  const walk = new TreeWalk(options);
  const root = await statOf(path);
  if (root === undefined) return 0;
  return root.isDirectory() ? walk.measure(path, root.dev) : bytesOf(root);
}

class TreeWalk {
  readonly #options: TreeWalkOptions;
  #bytes = 0;
  #files = 0;

  constructor(options: TreeWalkOptions) {
    this.#options = options;
  }

  async measure(path: string, device: number): Promise<number> {
    await this.#directory(path, device, 0);
    return this.#bytes;
  }

  get #isOver(): boolean {
    return this.#bytes > this.#options.stopAtBytes;
  }

  async #directory(path: string, device: number, depth: number): Promise<void> {
    if (depth > maxDepth) {
      this.#bytes = Infinity;
      return;
    }
    const handle = await openDirectory(path);
    if (handle === undefined) return;
    try {
      const stats = await handle.stat();
      if (stats.dev !== device) return;
      await this.#count(stats);
      await this.#entries(`/proc/self/fd/${String(handle.fd)}`, device, depth);
    } finally {
      await handle.close();
    }
  }

  /** Names are looked up in the open directory alone: it stays the same one when it is moved, or a link takes its place. */
  async #entries(open: string, device: number, depth: number): Promise<void> {
    for await (const entry of await opendir(open, { bufferSize: 64 })) {
      const path = `${open}/${entry.name}`;
      if (entry.isDirectory()) await this.#directory(path, device, depth + 1);
      else {
        const stats = await statOf(path);
        if (stats !== undefined && stats.dev === device) await this.#count(stats);
      }
      if (this.#isOver) return;
    }
  }

  async #count(stats: Stats): Promise<void> {
    this.#bytes += bytesOf(stats);
    this.#files += 1;
    if (this.#files > maxFiles) this.#bytes = Infinity;
    if (this.#files % filesPerPause === 0) await this.#options.pause();
  }
}

/** Each of a file's names counts for its part, so that nothing has to be remembered. */
function bytesOf(stats: Stats): number {
  const bytes = stats.blocks * blockBytes;
  return stats.isDirectory() ? bytes : bytes / Math.max(1, stats.nlink);
}

async function openDirectory(path: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  return open(path, flags).catch(unlessGone);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(unlessGone);
}

function unlessGone(error: unknown): undefined {
  if (!gone.includes(errnoCode(error))) throw error;
}
