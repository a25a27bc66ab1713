import { createDeflate, createInflate, constants, type Deflate, type Inflate } from 'node:zlib';
import { ApiError } from '../../../shared/errors.ts';
import { dictionary } from './dictionary.ts';

/** Names in lower case; several values of one name are separated by NUL. */
export type Headers = ReadonlyMap<string, string>;

const maxDecodedBytes = 64 * 1024;
const maxPairs = 100;

/** Decompresses header blocks, which share one state: each has to be read, in order, one at a time. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: Buffer.from(dictionary), flush: constants.Z_SYNC_FLUSH });
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #failed: ((error: unknown) => void) | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > maxDecodedBytes) this.#inflate.destroy(new Error('it is too long'));
      else this.#chunks.push(chunk);
    });
    this.#inflate.on('error', (error) => this.#failed?.(error));
  }

  /** Throws BadRequest for what is no header block, or too much of one; then the connection is over. */
  async read(block: Uint8Array): Promise<Headers> {
    this.#chunks.length = 0;
    this.#bytes = 0;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#failed = reject;
        this.#inflate.write(block, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      throw new ApiError('BadRequest', 'SPDY: a header block cannot be decompressed', {}, { cause: error });
    }
    return parsePairs(Buffer.concat(this.#chunks));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

/** What is sent is short, and 256 KiB for each of thousands of connections would be much. */
const smallest = { windowBits: 9, memLevel: 1 };

/** Compresses header blocks, which share one state: each has to be sent, in order, one at a time. */
export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({
    dictionary: Buffer.from(dictionary),
    flush: constants.Z_SYNC_FLUSH,
    ...smallest,
  });
  readonly #chunks: Buffer[] = [];

  constructor() {
    this.#deflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#deflate.on('error', () => undefined); // comes to the write as well
  }

  async write(headers: Headers): Promise<Uint8Array> {
    this.#chunks.length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#deflate.write(joinPairs(headers), (error) => (error ? reject(error) : resolve()));
    });
    return Buffer.concat(this.#chunks);
  }

  close(): void {
    this.#deflate.destroy();
  }
}

function parsePairs(bytes: Buffer): Headers {
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw malformed();
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (length > bytes.length - at) throw malformed();
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > maxPairs) throw malformed();
  const headers = new Map<string, string>();
  for (let pair = 0; pair < count; pair += 1) {
    const name = text().toLowerCase();
    if (name === '' || headers.has(name)) throw malformed();
    headers.set(name, text());
  }
  if (at !== bytes.length) throw malformed();
  return headers;
}

function malformed(): ApiError {
  return new ApiError('BadRequest', 'SPDY: a header block is malformed');
}

function joinPairs(headers: Headers): Buffer {
  const text = (value: string): Buffer[] => {
    const bytes = Buffer.from(value);
    return [numberBytes(bytes.length), bytes];
  };
  return Buffer.concat([
    numberBytes(headers.size),
    ...[...headers].flatMap(([name, value]) => [...text(name), ...text(value)]),
  ]);
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
