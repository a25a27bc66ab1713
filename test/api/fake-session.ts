import type { ByteStream, Channel, Chunk } from '../../shared/bus/byte-stream.ts';

/** A session of which a test is the far side: it sees what was written and says what comes back. */
export class FakeSession implements ByteStream {
  readonly written: { channel: Channel; text: string }[] = [];
  readonly ended: Channel[] = [];
  isClosed = false;
  readonly #over = Promise.withResolvers<void>();
  /** Writes wait for this. */
  room: Promise<void> = Promise.resolve();
  readonly #out: (Chunk | 'end' | Error)[] = [];
  #wake: (() => void) | undefined;

  /** What the container prints. */
  print(channel: Channel, text: string): void {
    this.#offer({ channel, bytes: Buffer.from(text) });
  }

  finish(): void {
    this.#offer('end');
  }

  fail(error: Error): void {
    this.#offer(error);
  }

  async write(channel: Channel, bytes: Uint8Array): Promise<void> {
    await this.room;
    this.written.push({ channel, text: Buffer.from(bytes).toString() });
  }

  async end(channel: Channel): Promise<void> {
    await this.room;
    this.ended.push(channel);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Chunk> {
    for (;;) {
      const next = this.#out.shift();
      if (next === 'end' || this.isClosed) return;
      if (next instanceof Error) throw next;
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#over.resolve();
    this.#wake?.();
    return Promise.resolve();
  }

  #offer(item: Chunk | 'end' | Error): void {
    this.#out.push(item);
    this.#wake?.();
  }
}
