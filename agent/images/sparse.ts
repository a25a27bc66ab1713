import { blockBytes, LayerError, paddedBytes, readNumber, shownName } from './tar-header.ts';
import type { ByteReader } from './byte-reader.ts';

const maxPieces = 1_000_000;
const pairBytes = 24;

/**
 * Reads on from the header of an old GNU sparse file: further blocks of its map. Throws LayerError unless the map asks
 * for just the bytes of the body: a program that trusts the map would otherwise read the next headers as content.
 */
export async function readOldSparseMap(reader: ByteReader, header: Buffer, size: number): Promise<Buffer[]> {
  if (header.toString('latin1', 257, 265) !== 'ustar  \0') throw new LayerError('a sparse file has an unknown format');
  const pieces = new PieceSum();
  readPairs(header.subarray(386, 482), pieces);
  const blocks: Buffer[] = [];
  for (let goesOn = header[482] !== 0; goesOn;) {
    const block = await nextBlock(reader);
    blocks.push(block);
    readPairs(block.subarray(0, 504), pieces);
    goesOn = block[504] !== 0;
  }
  pieces.mustFill(size);
  return blocks;
}

function readPairs(bytes: Buffer, pieces: PieceSum): void {
  for (let at = 0; at + pairBytes <= bytes.length && bytes[at] !== 0; at += pairBytes) {
    pieces.add(readNumber(bytes.subarray(at + 12, at + pairBytes)));
  }
}

/** Says that extended records make a file sparse. Only version 1.0 is read. */
export function isPaxSparse(records: ReadonlyMap<string, string>, name: string): boolean {
  if (![...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) return false;
  if (records.get('GNU.sparse.major') === '1' && records.get('GNU.sparse.minor') === '0') return true;
  throw new LayerError(`the sparse file ${shownName(name)} has an old format: pack it with --sparse-version=1.0`);
}

/** The map at the begin of the body of a sparse file of version 1.0, in whole blocks. Checked as above. */
export async function readPaxSparseMap(reader: ByteReader, size: number): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  let rest = '';
  const nextNumber = async (): Promise<number> => {
    while (!rest.includes('\n')) {
      if (rest.length > blockBytes) throw new LayerError('the map of a sparse file is damaged');
      const block = await nextBlock(reader);
      blocks.push(block);
      rest += block.toString('latin1');
    }
    const end = rest.indexOf('\n');
    const digits = rest.slice(0, end);
    rest = rest.slice(end + 1);
    if (!/^[0-9]{1,15}$/.test(digits)) throw new LayerError('the map of a sparse file is damaged');
    return Number(digits);
  };
  const pieces = new PieceSum();
  for (let count = await nextNumber(); count > 0; count -= 1) {
    await nextNumber();
    pieces.add(await nextNumber());
  }
  pieces.mustFill(size - blocks.length * blockBytes);
  return blocks;
}

async function nextBlock(reader: ByteReader): Promise<Buffer> {
  const block = await reader.exactly(blockBytes);
  if (block === undefined) throw new LayerError('the layer is cut off');
  return Buffer.from(block);
}

class PieceSum {
  #count = 0;
  #bytes = 0;
  #padded = 0;

  add(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
    this.#padded += paddedBytes(bytes);
    if (this.#count > maxPieces) throw new LayerError('a sparse file has too many pieces');
  }

  mustFill(bytes: number): void {
    if (this.#bytes !== bytes || this.#padded !== paddedBytes(bytes)) {
      throw new LayerError('the map of a sparse file does not fit its content');
    }
  }
}
