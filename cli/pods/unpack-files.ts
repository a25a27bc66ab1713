import { createWriteStream, type Stats } from 'node:fs';
import { chmod, link, lstat, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import { ByteReader } from '../../agent/images/byte-reader.ts';
import { readNumber } from '../../agent/images/tar-header.ts';
import { readEntry, type TarEntry } from '../../agent/images/tar-reader.ts';

const chunkBytes = 256 * 1024;

/** What is unpacked, and where to. */
export interface Unpacking {
  /** The name that everything in the archive has, or is below. */
  root: string;
  /** What takes its place. */
  target: string;
  /** Hears of what is left out. */
  warn: (text: string) => void;
}

/**
 * Unpacks a tar archive. Whoever made the archive must not write anywhere but to the target: an entry of another place
 * is an error, one below a link too, and links that lead out are left out. Reads the archive to its end.
 */
export async function unpackFiles(archive: AsyncIterable<Buffer>, unpacking: Unpacking): Promise<void> {
  const reader = new ByteReader(archive);
  try {
    for (let entry = await readEntry(reader); entry !== undefined; entry = await readEntry(reader)) {
      const place = placeBelow(unpacking.root, entry.name);
      await requireDirectories(unpacking.target, place);
      await unpackEntry(reader, entry, place, unpacking);
    }
    while ((await reader.some(chunkBytes)) !== undefined);
  } finally {
    await reader.close();
  }
}

/** Where an entry belongs, as names below the target. */
function placeBelow(root: string, name: string): string[] {
  const names = toText(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  const isOutside = name.startsWith('/') || names.includes('..') || name.includes('\0');
  if (root === '.') {
    if (!isOutside) return names;
  } else if (!isOutside && names[0] === root) return names.slice(1);
  throw new Error(`the archive holds ${JSON.stringify(toText(name))}, which is not below ${JSON.stringify(root)}`);
}

/** A link that the archive has made must not lead what follows out of the target. */
async function requireDirectories(target: string, place: readonly string[]): Promise<void> {
  for (let depth = 1; depth < place.length; depth += 1) {
    const path = join(target, ...place.slice(0, depth));
    if ((await statOf(path))?.isSymbolicLink() === true) throw new Error(`${path} is a link: nothing is written below`);
  }
}

async function unpackEntry(
  reader: ByteReader,
  entry: TarEntry,
  place: readonly string[],
  { root, target, warn }: Unpacking,
): Promise<void> {
  const { header, bodyBytes } = entry;
  const path = join(target, ...place);
  const mode = readNumber(header.raw.subarray(100, 108)) & 0o777;
  await mkdir(dirname(path), { recursive: true });
  if (header.type === '5') await makeDirectory(path, place, mode);
  else if (header.type === '2') {
    const to = toText(entry.link);
    if (leadsOut(place, to)) warn(`skipping symlink: "${path}" -> "${to}"`);
    else await makeWay(path).then(() => symlink(to, path));
  } else if (header.type === '1') await makeHardLink(path, join(target, ...placeBelow(root, entry.link)));
  else if (header.type === '0' && !entry.isSparse) return writeBody(reader, entry, path, place, mode);
  else warn(`skipping ${path}: it is neither a file nor a directory`);
  await reader.skip(bodyBytes);
}

async function makeDirectory(path: string, place: readonly string[], mode: number): Promise<void> {
  if (place.length > 0) await makeWay(path, (stats) => stats.isDirectory());
  await mkdir(path, { recursive: true });
  await chmod(path, mode | 0o700); // what is below must still be written
}

/** Not so when `..` stands only at its beginning, and not more often than there are directories above, whatever they are. */
function leadsOut(place: readonly string[], to: string): boolean {
  const names = to.split('/').filter((part) => part !== '' && part !== '.');
  const ups = names.findIndex((part) => part !== '..');
  const above = ups < 0 ? names.length : ups;
  return to.startsWith('/') || names.lastIndexOf('..') >= above || above > place.length - 1;
}

async function makeHardLink(path: string, to: string): Promise<void> {
  if ((await statOf(to))?.isFile() !== true) throw new Error(`${path} is a link to ${to}, which is no file`);
  await makeWay(path);
  await link(to, path);
}

async function writeBody(
  reader: ByteReader,
  { size, bodyBytes }: TarEntry,
  path: string,
  place: readonly string[],
  mode: number,
): Promise<void> {
  if (place.length > 0) await makeWay(path);
  const file = createWriteStream(path, { mode });
  const written = finished(file);
  written.catch(() => undefined); // awaited below, or after what went wrong
  for (let left = size; left > 0;) {
    const bytes = await reader.some(Math.min(left, chunkBytes));
    if (bytes === undefined) throw new Error('the archive is cut off');
    left -= bytes.length;
    if (!file.write(bytes)) await Promise.race([once(file, 'drain'), written]);
  }
  file.end();
  await written;
  await chmod(path, mode);
  await reader.skip(bodyBytes - size);
}

/** Removes what is in the way, without following a link; directories with something in them stay and are an error. */
async function makeWay(path: string, mayStay: (stats: Stats) => boolean = () => false): Promise<void> {
  const stats = await statOf(path);
  if (stats === undefined || mayStay(stats)) return;
  if (stats.isDirectory()) throw new Error(`${path} is a directory here and none there`);
  await rm(path);
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A name of a tar header, a byte each character, as text. */
function toText(name: string): string {
  return Buffer.from(name, 'latin1').toString();
}
