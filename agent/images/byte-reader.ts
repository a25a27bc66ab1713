import { LayerError } from './tar-header.ts';

/** Reads a byte stream in pieces of a size one asks for. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Read from the source and not given out yet. */
  get bufferedBytes(): number {
    return this.#rest.length;
  }

  /** Some bytes, at most `limit`; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      this.#rest = value;
    }
    const bytes = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** Exactly `length` bytes; undefined at the end; throws LayerError when the stream ends in between. */
  async exactly(length: number): Promise<Buffer | undefined> {
    const first = await this.some(length);
    if (first === undefined || first.length === length) return first;
    const pieces = [first];
    for (let missing = length - first.length; missing > 0;) {
      const more = await this.some(missing);
      if (more === undefined) throw new LayerError('the layer is cut off');
      pieces.push(more);
      missing -= more.length;
    }
    return Buffer.concat(pieces);
  }

  /** Passes over so many bytes; throws LayerError when the stream ends before. */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      const piece = await this.some(left);
      if (piece === undefined) throw new LayerError('the layer is cut off');
      left -= piece.length;
    }
  }

  /** Hands an abandoned source back to its owner. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
