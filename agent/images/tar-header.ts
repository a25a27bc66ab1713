/**
 * Tar header blocks. Names are kept as latin1 strings, one character a byte, so that names in any encoding survive.
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export const blockBytes = 512;

export interface TarHeader {
  name: string;
  link: string;
  /** One character; '0' for files of every age. */
  type: string;
  size: number;
  raw: Buffer;
}

/** A layer that is damaged or not allowed. The message is complete; the caller says which layer it was. */
export class LayerError extends Error {
  override readonly name = 'LayerError';
}

const fields = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 16],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 6],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [number, number]>;

type Field = keyof typeof fields;

function slice(block: Buffer, field: Field): Buffer {
  const [at, length] = fields[field];
  return block.subarray(at, at + length);
}

function text(block: Buffer, field: Field): string {
  return untilNul(slice(block, field));
}

/** A name as it stands in a field or in the body of a long-name entry. */
export function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

/** For messages. */
export function shownName(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8').slice(0, 200));
}

/** Octal text, or a big-endian number when the highest bit of the first byte is set. */
export function readNumber(bytes: Buffer): number {
  if (((bytes[0] ?? 0) & 0x80) === 0) {
    const digits = bytes.toString('latin1').replaceAll('\0', ' ').trim();
    if (!/^[0-7]*$/.test(digits)) throw new LayerError('a tar header holds a damaged number');
    return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  const value = bytes.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0);
  if (!Number.isSafeInteger(value)) throw new LayerError('a tar header holds a number out of range');
  return value;
}

/** Says that a block is all zero: the end of an archive. */
export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function checksum(block: Buffer): { unsigned: number; signed: number } {
  const [at, length] = fields.checksum;
  let [unsigned, signed] = [0, 0];
  for (let index = 0; index < blockBytes; index += 1) {
    const byte = index >= at && index < at + length ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return { unsigned, signed };
}

/** Reads a header; throws LayerError when it is none. */
export function readHeader(raw: Buffer): TarHeader {
  const sums = checksum(raw);
  const stored = readNumber(slice(raw, 'checksum'));
  if (stored !== sums.unsigned && stored !== sums.signed) throw new LayerError('a tar header has a wrong checksum');
  const isPosix = text(raw, 'magic') === 'ustar';
  const prefix = isPosix ? text(raw, 'prefix') : '';
  const name = text(raw, 'name');
  const type = text(raw, 'type');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(raw, 'link'),
    type: type === '' || type === '7' ? '0' : type,
    size: readNumber(slice(raw, 'size')),
    raw,
  };
}

/** The body of an entry, padded to whole blocks. */
export function paddedBytes(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

function put(block: Buffer, field: Field, value: string): void {
  const [at, length] = fields[field];
  block.fill(0, at, at + length);
  block.write(value.slice(0, length), at, length, 'latin1');
}

function putSize(block: Buffer, size: number): void {
  const [at, length] = fields.size;
  if (size < 8 ** (length - 1)) {
    put(block, 'size', octal(size, length));
    return;
  }
  block.fill(0, at, at + length);
  block[at] = 0x80;
  block.writeBigUInt64BE(BigInt(size), at + length - 8);
}

function seal(block: Buffer): Buffer {
  put(block, 'checksum', `${octal(checksum(block).unsigned, 7)} `);
  return block;
}

interface Changes {
  name: string;
  link: string;
  type: string;
  size: number;
}

/** The header again with these changes, with the long-name entries it needs before. Owner, mode and times are kept. */
export function writeHeader({ raw }: TarHeader, changed: Changes): Buffer[] {
  const block = Buffer.from(raw);
  put(block, 'name', changed.name);
  put(block, 'link', changed.link);
  put(block, 'type', changed.type);
  putSize(block, changed.size);
  if (text(raw, 'magic') === 'ustar') put(block, 'prefix', '');
  return [...longName('L', changed.name), ...longName('K', changed.link), seal(block)];
}

/** What goes before a header whose name, or link, is over 100 characters long. */
export function longName(type: 'L' | 'K', name: string): Buffer[] {
  return name.length <= 100 ? [] : writeData(type, '././@LongLink', Buffer.from(`${name}\0`, 'latin1'));
}

/** An entry that describes the next one. */
export function writeData(type: 'L' | 'K' | 'x', name: string, body: Buffer): Buffer[] {
  const padding = Buffer.alloc(paddedBytes(body.length) - body.length);
  return [newHeader({ name, type, mode: 0o644, size: body.length }), body, padding];
}

interface NewEntry {
  name: string;
  type: string;
  mode: number;
  size?: number;
  mtimeSeconds?: number;
  link?: string;
}

/** A header of root's; devices get number 0:0. Names over 100 characters need `longName` entries before. */
export function newHeader({ name, type, mode, size = 0, mtimeSeconds = 0, link = '' }: NewEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  put(block, 'name', name);
  put(block, 'mode', octal(mode, 8));
  put(block, 'owner', octal(0, 8).repeat(2));
  putSize(block, size);
  block.write(octal(mtimeSeconds, 12), fields.mtime[0], 'latin1');
  put(block, 'type', type);
  put(block, 'link', link);
  block.write('ustar\x0000', fields.magic[0], 'latin1');
  block.write(octal(0, 8).repeat(2), 329, 'latin1'); // device numbers
  return seal(block);
}

/** overlayfs' whiteout: a character device 0:0. */
export function writeWhiteout(name: string): Buffer[] {
  return [...longName('L', name), newHeader({ name, type: '3', mode: 0 })];
}

/** Mode, owner and times of a header, to make the same directory again later. */
export function ownerFields({ raw }: TarHeader): string {
  return raw.toString('latin1', fields.mode[0], fields.checksum[0]);
}

/** A directory with fields kept by `ownerFields`; without them root's, mode 755. */
export function writeDirectory(name: string, kept: string | undefined): Buffer[] {
  const block = newHeader({ name, type: '5', mode: 0o755 });
  if (kept !== undefined) block.write(kept, fields.mode[0], 'latin1');
  putSize(block, 0);
  return [...longName('L', name), seal(block)];
}

/** The bytes that end an archive. */
export const archiveEnd = Buffer.alloc(2 * blockBytes);
