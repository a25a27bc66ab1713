const maxWaitingBytes = 512 * 1024;
const messageCost = 64;

/** What a client has sent and the other side has not taken yet. */
export class WaitingBytes {
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #isEnded = false;
  #isLeft = false;
  #wake: (() => void) | undefined;

  /** True while no more should be pushed. */
  get isFull(): boolean {
    return this.#bytes > maxWaitingBytes;
  }

  /** Does nothing after the end, or when the reader has left. */
  push(bytes: Uint8Array): void {
    if (this.#isEnded || this.#isLeft) return;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length + messageCost;
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Everything in order, to the end. One reader only; `onTaken` is called after each piece. */
  async *read(onTaken: () => void): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const bytes = this.#waiting.shift();
        if (bytes !== undefined) {
          yield bytes;
          this.#bytes -= bytes.length + messageCost;
          onTaken();
        } else if (this.#isEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#isLeft = true;
      this.#bytes = 0;
      onTaken();
    }
  }
}
