import { ApiError } from '../errors.ts';

/** How a field is laid out on the wire. */
export type WireType = 'varint' | 'fixed64' | 'bytes' | 'fixed32';

const wireTypes: Readonly<Record<number, WireType>> = { 0: 'varint', 1: 'fixed64', 2: 'bytes', 5: 'fixed32' };

export interface Tag {
  number: number;
  wire: WireType;
}

/** Reads one protobuf message from bytes that nobody has checked: every mistake is a BadRequest. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  tag(): Tag {
    const tag = Number(this.varint());
    const wire = wireTypes[tag % 8];
    const number = Math.floor(tag / 8);
    if (wire === undefined || number < 1 || number >= 2 ** 29) throw malformed('illegal tag');
    return { number, wire };
  }

  /** Unsigned; at most 64 bits. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw malformed('unexpected end');
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('integer overflow');
  }

  /** Bytes with their length before them; a view, not a copy. */
  bytes(): Uint8Array {
    return this.#take(Number(this.varint()));
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  skip(wire: WireType): void {
    switch (wire) {
      case 'varint':
        this.varint();
        break;
      case 'bytes':
        this.bytes();
        break;
      case 'fixed64':
        this.#take(8);
        break;
      case 'fixed32':
        this.#take(4);
        break;
    }
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw malformed('unexpected end');
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of a string field. */
export function readText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformed('invalid UTF-8', cause);
  }
}

export function malformed(problem: string, cause?: unknown): ApiError {
  return new ApiError('BadRequest', `the protobuf body of the request cannot be read: ${problem}`, {}, { cause });
}
