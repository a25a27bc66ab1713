const firstBytes = 64 * 1024;

/**
 * Bytes that are written from the last to the first: what a message holds is there before its length is, and nothing is
 * copied into place.
 */
export class BackwardWriter {
  #buffer = Buffer.allocUnsafe(firstBytes);
  #start = firstBytes;

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** All that is written; a view that later writing may not change. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#makeRoom(length);
    this.#buffer.write(value, this.#start, length);
  }

  /** Seven bits a byte, the lowest first; all but the last byte have the eighth. Not above 2^53. */
  varint(value: number): void {
    let length = 1;
    for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1;
    this.#makeRoom(length);
    let rest = value;
    for (let at = this.#start; at < this.#start + length - 1; at += 1) {
      this.#buffer[at] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#start + length - 1] = rest;
  }

  #makeRoom(bytes: number): void {
    if (bytes > this.#start) {
      const { length } = this;
      const larger = Buffer.allocUnsafe(2 * (length + bytes) + firstBytes);
      this.#buffer.copy(larger, larger.length - length, this.#start);
      this.#start = larger.length - length;
      this.#buffer = larger;
    }
    this.#start -= bytes;
  }
}
