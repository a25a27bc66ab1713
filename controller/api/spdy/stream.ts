import { dataFrame, maxDataBytes } from './frames.ts';
import type { Headers } from './header-block.ts';

interface Owner {
  send(frame: Uint8Array): Promise<void>;
  /** That many bytes wait no longer. */
  taken(bytes: number): void;
  /** Both directions have ended. */
  over(): void;
}

/** One stream of a SPDY connection, both ways. */
export class SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  readonly #owner: Owner;
  readonly #waiting: Uint8Array[] = [];
  #isFinished = false;
  #isEnded = false;
  #isAborted = false;
  #isDiscarding = false;
  #wake: (() => void) | undefined;
  #onAbort: (() => void) | undefined;

  constructor(id: number, headers: Headers, owner: Owner) {
    this.id = id;
    this.headers = headers;
    this.#owner = owner;
  }

  /** Called once when the client resets the stream or is gone; at once when it is so already. */
  whenAborted(callback: () => void): void {
    this.#onAbort = callback;
    if (this.#isAborted) callback();
  }

  /** What the client sends, until it has finished or the stream is aborted. One reader only; after it, what comes is dropped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const bytes = this.#waiting.shift();
        if (bytes !== undefined) yield* this.#handOut(bytes);
        else if (this.#isFinished || this.#isAborted) return;
        else await this.#news();
      }
    } finally {
      this.discard();
    }
  }

  /** What came and what comes is dropped: else it would hold up the connection. */
  discard(): void {
    this.#isDiscarding = true;
    for (const bytes of this.#waiting.splice(0)) this.#owner.taken(bytes.length);
  }

  /** Resolves when the connection has room again; does nothing after `end`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isEnded; at += maxDataBytes) {
      await this.#owner.send(dataFrame(this.id, bytes.subarray(at, at + maxDataBytes)));
    }
  }

  /** No more is written. A second end does nothing. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#owner.send(dataFrame(this.id, new Uint8Array(), true));
    this.#overIfDone();
  }

  /** From the connection: false when nobody will read it. */
  offer(bytes: Uint8Array): boolean {
    if (this.#isFinished || this.#isAborted || this.#isDiscarding) return false;
    this.#waiting.push(bytes);
    this.#wake?.();
    return true;
  }

  /** From the connection: the client sends no more. */
  finish(): void {
    this.#isFinished = true;
    this.#wake?.();
    this.#overIfDone();
  }

  /** From the connection: the stream is over, unread data with it. */
  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#isEnded = true;
    this.discard();
    this.#wake?.();
    this.#onAbort?.();
  }

  *#handOut(bytes: Uint8Array): Generator<Uint8Array, void> {
    try {
      yield bytes;
    } finally {
      this.#owner.taken(bytes.length);
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #overIfDone(): void {
    if (this.#isFinished && this.#isEnded) this.#owner.over();
  }
}
