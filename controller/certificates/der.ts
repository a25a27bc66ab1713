/** Distinguished Encoding Rules (X.690), as much of them as certificates need. Values are whole, with tag and length. */

function value(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** The values inside a sequence, set or tagged value. */
export function parts(outer: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = headLength(outer); at < outer.length;) {
    const rest = outer.subarray(at);
    found.push(rest.subarray(0, headLength(rest) + contentLength(rest)));
    at += found.at(-1)?.length ?? rest.length;
  }
  return found;
}

function headLength(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function contentLength(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  return first < 0x80 ? first : bytes.readUIntBE(2, first & 0x7f);
}

export function sequence(...parts: Uint8Array[]): Buffer {
  return value(0x30, ...parts);
}

export function set(...parts: Uint8Array[]): Buffer {
  return value(0x31, ...parts);
}

/** `[number]` around values, as for optional fields. */
export function tagged(number: number, ...parts: Uint8Array[]): Buffer {
  return value(0xa0 | number, ...parts);
}

/** `[number]` in place of the tag of a simple value. */
export function taggedBytes(number: number, bytes: Uint8Array): Buffer {
  return value(0x80 | number, bytes);
}

export function boolean(flag: boolean): Buffer {
  return value(0x01, Buffer.from([flag ? 0xff : 0]));
}

/** Two's complement, highest byte first, without needless bytes. */
export function integer(bytes: Uint8Array): Buffer {
  return value(0x02, bytes);
}

/** Bits of whole bytes, save `unused` at the end. */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return value(0x03, Buffer.from([unused]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return value(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return value(0x0c, Buffer.from(text));
}

/** An object identifier, as `2.5.29.15`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Groups of seven bits; all but the last have the eighth set. */
function base128(number: number): number[] {
  const groups = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
  return groups;
}

/** Seconds precision. Certificates write years before 2050 with two digits. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return text < '2050' ? value(0x17, Buffer.from(text.slice(2))) : value(0x18, Buffer.from(text));
}
