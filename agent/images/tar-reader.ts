import type { ByteReader } from './byte-reader.ts';
import { parsePax } from './pax.ts';
import { isPaxSparse, readOldSparseMap, readPaxSparseMap } from './sparse.ts';
import {
  blockBytes,
  isZeroBlock,
  LayerError,
  paddedBytes,
  readHeader,
  type TarHeader,
  untilNul,
} from './tar-header.ts';

/** An entry with what earlier blocks said about it. `name` and `link` are the effective ones. */
export interface TarEntry {
  header: TarHeader;
  name: string;
  link: string;
  records: Map<string, string>;
  /** Sparse by its records. */
  isSparse: boolean;
  /** Of the body in the archive. Links, directories and devices have none, whatever they claim. */
  size: number;
  /** Blocks read already beyond the header: the map of a sparse file. */
  extensions: Buffer[];
  /** What is left to read of the body, padding included. */
  bodyBytes: number;
}

const maxDescriptionBytes = 1024 * 1024;
const bodiless = new Set(['1', '2', '3', '4', '5', '6']);
const known = new Set([...bodiless, '0', 'S']);
/** Volume label, and whatever else says nothing about a file. */
const ignored = new Set(['g', 'V']);

/** The next file, directory, link or device; undefined at the end of the archive. Its body must be read before the next call. */
export async function readEntry(reader: ByteReader): Promise<TarEntry | undefined> {
  let records = new Map<string, string>();
  let [longName, longLink]: (string | undefined)[] = [];
  for (;;) {
    const header = await readBlockHeader(reader);
    if (header === undefined) return undefined;
    if (header.type === 'x' || header.type === 'X') records = parsePax(await describe(reader, header));
    else if (header.type === 'L') longName = untilNul(await describe(reader, header));
    else if (header.type === 'K') longLink = untilNul(await describe(reader, header));
    else if (ignored.has(header.type)) await describe(reader, header);
    else return finishEntry(reader, header, { records, longName, longLink });
  }
}

async function readBlockHeader(reader: ByteReader): Promise<TarHeader | undefined> {
  const block = await reader.exactly(blockBytes);
  if (block === undefined) return undefined;
  if (!isZeroBlock(block)) return readHeader(block);
  const second = await reader.exactly(blockBytes);
  if (second !== undefined && !isZeroBlock(second)) throw new LayerError('it goes on after its end');
  return undefined;
}

async function describe(reader: ByteReader, { size }: TarHeader): Promise<Buffer> {
  if (size > maxDescriptionBytes) throw new LayerError(`an extended tar header of ${size} bytes is too large`);
  if (size === 0) return Buffer.alloc(0);
  const body = await reader.exactly(paddedBytes(size));
  if (body === undefined) throw new LayerError('the layer is cut off');
  return body.subarray(0, size);
}

interface Described {
  records: Map<string, string>;
  longName: string | undefined;
  longLink: string | undefined;
}

async function finishEntry(reader: ByteReader, header: TarHeader, said: Described): Promise<TarEntry> {
  if (!known.has(header.type)) throw new LayerError(`it holds an entry of unknown type ${JSON.stringify(header.type)}`);
  const { records } = said;
  const name = records.get('GNU.sparse.name') ?? records.get('path') ?? said.longName ?? header.name;
  const link = records.get('linkpath') ?? said.longLink ?? header.link;
  const claimed = records.has('size') ? Number(records.get('size')) : header.size;
  if (!Number.isSafeInteger(claimed) || claimed < 0) throw new LayerError('a tar header holds a size out of range');
  const size = bodiless.has(header.type) ? 0 : claimed;
  const isSparse = header.type === '0' && isPaxSparse(records, name);
  const oldMap = header.type === 'S' ? await readOldSparseMap(reader, header.raw, size) : [];
  const newMap = isSparse ? await readPaxSparseMap(reader, size) : [];
  const bodyBytes = paddedBytes(size) - newMap.length * blockBytes;
  return { header, name, link, records, isSparse, size, extensions: [...oldMap, ...newMap], bodyBytes };
}
