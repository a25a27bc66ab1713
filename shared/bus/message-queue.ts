/** Most messages that wait for a slow reader. */
const maxWaiting = 10_000;

/** Messages for one reader, in order. Bounded: the bus is at-most-once, so what does not fit is dropped and told once. */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #onDrop: () => void;
  readonly #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;
  #error: Error | undefined;
  #isDropping = false;

  constructor(onDrop: () => void) {
    this.#onDrop = onDrop;
  }

  push(message: T): void {
    if (this.#isEnded) return;
    if (this.#waiting.length >= maxWaiting) {
      if (!this.#isDropping) this.#onDrop();
      this.#isDropping = true;
      return;
    }
    this.#isDropping = false;
    this.#waiting.push(message);
    this.#wake?.();
  }

  /** The reader gets what waits, then the end, or the error. A second end changes nothing. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      // Taken in batches: shifting a long array one by one is slow.
      for (const message of this.#waiting.splice(0)) yield message;
      if (this.#waiting.length > 0) continue;
      if (this.#isEnded) {
        if (this.#error !== undefined) throw this.#error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
