import { ApiError } from '../../../shared/errors.ts';
import type { ByteLink } from './byte-link.ts';
import { FrameReader, pingFrame, replyFrame, resetFrame, type SpdyFrame } from './frames.ts';
import { HeaderReader, HeaderWriter } from './header-block.ts';
import { SpdyStream } from './stream.ts';

const maxStreams = 512;
/** Data of all streams that nobody has taken yet: with more, the link is not read. */
const maxWaitingBytes = 512 * 1024;
/** What a piece of data costs besides its bytes. */
const pieceCost = 64;
const refusedStream = 3;
const invalidStream = 2;

/**
 * The server's side of one SPDY connection. It reads no more than its streams take: SPDY clients of Kubernetes send
 * without a window, so a stream that is not read holds up the others of the same client, and of nobody else.
 */
export class SpdyConnection {
  readonly #link: ByteLink;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  #lastStream = 0;
  #waitingBytes = 0;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(link: ByteLink) {
    this.#link = link;
  }

  /**
   * Reads until the client is gone or `close` was called, and gives each stream that the client opens to `accept`.
   * Throws BadRequest when the client sends what is no SPDY; either way all streams are over then.
   */
  async run(accept: (stream: SpdyStream) => void): Promise<void> {
    const frames = new FrameReader();
    try {
      for await (const piece of this.#link) {
        // What comes after our end is read only so that what we sent is not lost with the link.
        if (this.#isOver) continue;
        for (const frame of frames.read(piece)) await this.#take(frame, accept);
        await this.#room();
      }
    } finally {
      this.#end();
      this.#reader.close();
      this.#writer.close();
      this.#link.destroy();
    }
  }

  /** Sends what was written, then ends the connection. A second close does nothing. */
  close(): void {
    if (this.#isOver) return;
    this.#end();
    this.#link.close();
  }

  async #take(frame: SpdyFrame, accept: (stream: SpdyStream) => void): Promise<void> {
    switch (frame.kind) {
      case 'open':
        return this.#open(frame.stream, await this.#reader.read(frame.block), frame.fin, accept);
      case 'reply':
      case 'headers':
        // Nobody waits for them, but the next block cannot be read without this one.
        await this.#reader.read(frame.block);
        return;
      case 'data':
        return this.#receive(frame.stream, frame.bytes, frame.fin);
      case 'reset':
        this.#streams.get(frame.stream)?.abort();
        this.#streams.delete(frame.stream);
        return;
      case 'ping':
        // Even numbers would be answers to pings of ours, and there are none.
        if (frame.id % 2 === 1) await this.#link.write(pingFrame(frame.id));
        return;
      case 'goaway':
      case 'other':
    }
  }

  async #open(
    id: number,
    headers: ReadonlyMap<string, string>,
    fin: boolean,
    accept: (stream: SpdyStream) => void,
  ): Promise<void> {
    if (id % 2 === 0 || id <= this.#lastStream) {
      throw new ApiError('BadRequest', 'SPDY: a stream has a wrong number');
    }
    this.#lastStream = id;
    if (this.#isOver) return;
    if (this.#streams.size >= maxStreams) return this.#link.write(resetFrame(id, refusedStream));
    const stream = new SpdyStream(id, headers, {
      send: (frame) => this.#send(frame),
      taken: (bytes) => this.#release(bytes),
      over: () => this.#streams.delete(id),
    });
    this.#streams.set(id, stream);
    await this.#link.write(replyFrame(id, await this.#writer.write(new Map())));
    if (fin) stream.finish();
    accept(stream);
  }

  async #receive(id: number, bytes: Uint8Array, fin: boolean): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      // What was on the way when a stream ended is dropped; a stream that never was is a mistake.
      if (id > this.#lastStream || id === 0) await this.#link.write(resetFrame(id, invalidStream));
      return;
    }
    if (bytes.length > 0 && stream.offer(bytes)) this.#waitingBytes += bytes.length + pieceCost;
    if (fin) stream.finish();
  }

  async #send(frame: Uint8Array): Promise<void> {
    if (!this.#isOver) await this.#link.write(frame);
  }

  #release(bytes: number): void {
    this.#waitingBytes -= bytes + pieceCost;
    this.#wake?.();
  }

  async #room(): Promise<void> {
    while (this.#waitingBytes > maxWaitingBytes && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#wake?.();
    for (const stream of this.#streams.values()) stream.abort();
    this.#streams.clear();
  }
}
