import { ByteReader } from './byte-reader.ts';
import { LayerTree } from './layer-tree.ts';
import { writePax } from './pax.ts';
import {
  archiveEnd,
  LayerError,
  ownerFields,
  shownName,
  writeDirectory,
  writeHeader,
  writeWhiteout,
} from './tar-header.ts';
import { readEntry, type TarEntry } from './tar-reader.ts';

export interface LayerLimits {
  entries: number;
  /** Uncompressed. */
  bytes: number;
}

/** What image layers may hold together unless the settings say otherwise. */
export const defaultLayerLimits: LayerLimits = { entries: 1_000_000, bytes: 20 * 1024 ** 3 };

/** What the layers of one image may still hold. */
export class LayerBudget {
  readonly #limits: LayerLimits;
  #entries = 0;
  #bytes = 0;

  constructor(limits: LayerLimits) {
    this.#limits = limits;
  }

  /** Throws LayerError when that is too much. */
  take(entries: number, bytes: number): void {
    this.#entries += entries;
    this.#bytes += bytes;
    const { entries: maxEntries, bytes: maxBytes } = this.#limits;
    if (this.#entries > maxEntries) throw new LayerError(`the image holds more than ${maxEntries} files`);
    if (this.#bytes > maxBytes) throw new LayerError(`the image unpacks to more than ${maxBytes} bytes`);
  }
}

/** What the layer turned out to be, filled while it is rewritten. */
export interface LayerFacts {
  entries: number;
  /** Uncompressed. */
  bytes: number;
  /** Nothing of the layers below shows through; overlayfs cannot say that of a root directory. */
  isOpaqueRoot: boolean;
}

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
const special = '.wh..wh.';
const opaqueRecord = 'SCHILY.xattr.trusted.overlay.opaque';
const keptRecords = new Set(['uid', 'gid', 'mtime', 'atime', 'ctime']);
const outputBytes = 256 * 1024;

/**
 * Turns a layer into a tar that can be unpacked as it is into an empty directory: names are confined to the root,
 * whiteouts become overlayfs' own, attributes that overlayfs would obey are left out. Throws LayerError for a layer
 * that is damaged, not allowed or over the budget. Reads its source to the end, also what follows the archive in it.
 */
export async function* rewriteLayer(
  source: AsyncIterable<Buffer>,
  budget: LayerBudget,
  facts: LayerFacts,
): AsyncGenerator<Buffer, void> {
  const charge = new LayerCharge(budget);
  const reader = new ByteReader(counted(source, charge, facts));
  const batch = new Batch();
  const tree = new LayerTree();
  try {
    for (let entry = await readEntry(reader); entry !== undefined; entry = await readEntry(reader)) {
      facts.entries += 1;
      budget.take(1, 0);
      charge.inAdvance(entry.bodyBytes - reader.bufferedBytes);
      const head = rewriteEntry(entry, tree, facts);
      for (const piece of head) yield* batch.add(piece);
      for await (const piece of body(reader, entry.bodyBytes)) if (head.length > 0) yield* batch.add(piece);
    }
    yield* batch.add(archiveEnd);
    yield* batch.end();
    while ((await reader.some(outputBytes)) !== undefined);
  } finally {
    await reader.close();
  }
}

/** The bytes of one layer on the budget: those of a file as soon as its header announces them, before any is written. */
class LayerCharge {
  readonly #budget: LayerBudget;
  #paidBytes = 0;

  constructor(budget: LayerBudget) {
    this.#budget = budget;
  }

  inAdvance(bytes: number): void {
    if (bytes <= 0) return;
    this.#budget.take(0, bytes);
    this.#paidBytes += bytes;
  }

  read(bytes: number): void {
    const paid = Math.min(bytes, this.#paidBytes);
    this.#paidBytes -= paid;
    this.#budget.take(0, bytes - paid);
  }
}

async function* counted(
  source: AsyncIterable<Buffer>,
  charge: LayerCharge,
  facts: LayerFacts,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) {
    facts.bytes += chunk.length;
    charge.read(chunk.length);
    yield chunk;
  }
}

async function* body(reader: ByteReader, length: number): AsyncGenerator<Buffer, void> {
  for (let left = length; left > 0;) {
    const piece = await reader.some(left);
    if (piece === undefined) throw new LayerError('the layer is cut off');
    left -= piece.length;
    yield piece;
  }
}

/** Headers for tar in place of this entry's; [] when the entry and its body are dropped. */
function rewriteEntry(entry: TarEntry, tree: LayerTree, facts: LayerFacts): Buffer[] {
  const place = tree.place(entry.name);
  if (place.split('/').some((part) => part.startsWith(special) && part !== opaque)) return [];
  const slash = place.lastIndexOf('/') + 1;
  const [parent, base] = [place.slice(0, Math.max(0, slash - 1)), place.slice(slash)];
  if (base === opaque) return makeOpaque(parent, tree, facts);
  if (base.startsWith(whiteout)) return makeWhiteout(parent, base.slice(whiteout.length), entry, tree, facts);
  return keepEntry(entry, place, tree);
}

function makeOpaque(directory: string, tree: LayerTree, facts: LayerFacts): Buffer[] {
  if (directory === '') {
    facts.isOpaqueRoot = true;
    return [];
  }
  const known = tree.directory(directory);
  const records = new Map([...(known?.records ?? []), [opaqueRecord, 'y']]);
  tree.noteDirectory(directory, { owner: known?.owner, records });
  return [...writePax(records), ...writeDirectory(`./${directory}/`, known?.owner)];
}

function makeWhiteout(parent: string, base: string, { name }: TarEntry, tree: LayerTree, facts: LayerFacts): Buffer[] {
  if (base === '' || base === '.' || base === '..') throw new LayerError(`${shownName(name)} whites out nothing`);
  const place = parent === '' ? base : `${parent}/${base}`;
  // A whiteout hides what is in lower layers only: a directory of this layer stays, without what is below it.
  if (tree.directory(place) !== undefined) return makeOpaque(place, tree, facts);
  tree.noteWhiteout(place);
  return writeWhiteout(`./${place}`);
}

function keepEntry(entry: TarEntry, place: string, tree: LayerTree): Buffer[] {
  const { header, size } = entry;
  const isDirectory = header.type === '5' || (header.type === '0' && entry.name.endsWith('/'));
  if (place === '' && !isDirectory) throw new LayerError(`${shownName(entry.name)} stands in the place of the root`);
  const name = `./${place}`;
  const records = safeRecords(entry, name);
  if (isDirectory) {
    if (size > 0) throw new LayerError(`the directory ${shownName(entry.name)} has content`);
    if (tree.isWhiteout(place)) records.set(opaqueRecord, 'y');
    tree.noteDirectory(place, { owner: ownerFields(header), records });
    return [...writePax(records), ...writeHeader(header, { name: `${name}/`, link: '', type: '5', size })];
  }
  if (header.type === '2') tree.noteSymlink(place, entry.link);
  else tree.forget(place);
  const link = header.type === '1' ? `./${hardLinkTarget(entry, tree)}` : entry.link;
  if (link.includes('\0')) throw new LayerError(`the link ${shownName(entry.name)} holds a zero byte`);
  return [...writePax(records), ...writeHeader(header, { name, link, type: header.type, size }), ...entry.extensions];
}

function hardLinkTarget({ name, link }: TarEntry, tree: LayerTree): string {
  const target = tree.place(link);
  if (target === '') throw new LayerError(`the hard link ${shownName(name)} leads to the root`);
  return target;
}

/**
 * The records that may reach tar. Names and sizes are given in headers, so that it cannot read them in another way, and
 * overlayfs must not take orders from a layer.
 */
function safeRecords({ records, isSparse }: TarEntry, name: string): Map<string, string> {
  const kept = [...records].filter(([key]) => {
    if (key.startsWith('SCHILY.xattr.')) return !/^SCHILY\.xattr\.(?:trusted|user)\.overlay\./.test(key);
    if (key.startsWith('GNU.sparse.')) return isSparse;
    return keptRecords.has(key);
  });
  return new Map(kept.map(([key, value]) => [key, key === 'GNU.sparse.name' ? name : value]));
}

/** Joins small pieces, so that a layer of small files is not a write each. */
class Batch {
  #pieces: Buffer[] = [];
  #bytes = 0;

  *add(piece: Buffer): Generator<Buffer, void> {
    if (piece.length === 0) return;
    if (piece.length >= outputBytes / 2) {
      yield* this.end();
      yield piece;
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= outputBytes) yield* this.end();
  }

  *end(): Generator<Buffer, void> {
    if (this.#pieces.length > 0) yield Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
  }
}
