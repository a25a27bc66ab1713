import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveEnd, longName, newHeader, paddedBytes } from '../../agent/images/tar-header.ts';

/** A file, or a directory with all below, as a tar archive in which it has this name. Links below it stay links. */
export async function* packFiles(path: string, name: string): AsyncGenerator<Buffer> {
  yield* packEntry(path, name, await stat(path));
  yield archiveEnd;
}

async function* packEntry(path: string, name: string, stats: Stats): AsyncGenerator<Buffer> {
  if (stats.isDirectory()) {
    yield* head(`${name}/`, '5', stats);
    for (const child of (await readdir(path)).sort()) {
      const below = join(path, child);
      yield* packEntry(below, `${name}/${child}`, await lstat(below));
    }
  } else if (stats.isSymbolicLink()) yield* head(name, '2', stats, await readlink(path));
  else if (stats.isFile()) yield* packFile(path, name, stats);
  else process.stderr.write(`Warning: skipping ${path}: it is neither a file nor a directory\n`);
}

/** The header says how long the file is: one that changes meanwhile would spoil the archive. */
async function* packFile(path: string, name: string, stats: Stats): AsyncGenerator<Buffer> {
  yield* head(name, '0', stats);
  let left = stats.size;
  for await (const bytes of stats.size === 0 ? [] : createReadStream(path, { end: stats.size - 1 })) {
    left -= (bytes as Buffer).length;
    yield bytes as Buffer;
  }
  if (left > 0) throw new Error(`${path} was made shorter while it was read`);
  yield Buffer.alloc(paddedBytes(stats.size) - stats.size);
}

function* head(name: string, type: string, { mode, size, mtimeMs }: Stats, link = ''): Generator<Buffer> {
  const [nameBytes, linkBytes] = [toLatin1(name), toLatin1(link)];
  yield* longName('L', nameBytes);
  yield* longName('K', linkBytes);
  yield newHeader({
    name: nameBytes,
    type,
    mode: mode & 0o7777,
    size: type === '0' ? size : 0,
    mtimeSeconds: Math.max(0, Math.floor(mtimeMs / 1000)),
    link: linkBytes,
  });
}

/** The bytes of a name, a character each, as tar headers take them. */
function toLatin1(name: string): string {
  return Buffer.from(name).toString('latin1');
}
