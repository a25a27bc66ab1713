import type { ByteLink } from '../../../controller/api/spdy/byte-link.ts';
import { dataFrame, FrameReader, openFrame, type SpdyFrame } from '../../../controller/api/spdy/frames.ts';
import { HeaderReader, HeaderWriter } from '../../../controller/api/spdy/header-block.ts';

/** The client's end of a link in memory, and a SPDY client on it. */
export class SpdyClient {
  readonly frames: SpdyFrame[] = [];
  /** The link to give to the server. */
  readonly link: ByteLink;
  isLinkClosed = false;
  readonly #toServer: Uint8Array[] = [];
  readonly #writer = new HeaderWriter();
  readonly #headers = new HeaderReader();
  readonly #reader = new FrameReader();
  /** Bytes that the server has not read. */
  unreadBytes = 0;
  #isGone = false;
  #wake: (() => void) | undefined;

  constructor() {
    const end = (): void => {
      this.isLinkClosed = true;
      this.leave();
    };
    this.link = {
      [Symbol.asyncIterator]: () => this.#read(),
      write: async (bytes) => {
        this.frames.push(...this.#reader.read(Buffer.from(bytes)));
      },
      close: end,
      destroy: end,
    };
  }

  async open(stream: number, headers: Record<string, string>, fin = false): Promise<void> {
    this.send(openFrame(stream, await this.#writer.write(new Map(Object.entries(headers))), fin));
  }

  data(stream: number, text: string | Uint8Array, fin = false): void {
    this.send(dataFrame(stream, Buffer.from(text), fin));
  }

  send(bytes: Uint8Array): void {
    this.#toServer.push(bytes);
    this.unreadBytes += bytes.length;
    this.#wake?.();
  }

  /** The connection breaks. */
  leave(): void {
    this.#isGone = true;
    this.#wake?.();
  }

  /** What the server has sent on a stream. */
  text(stream: number): string {
    const pieces = this.frames.flatMap((frame) =>
      frame.kind === 'data' && frame.stream === stream ? [Buffer.from(frame.bytes)] : [],
    );
    return Buffer.concat(pieces).toString('utf8');
  }

  hasEnded(stream: number): boolean {
    return this.frames.some((frame) => frame.kind === 'data' && frame.stream === stream && frame.fin);
  }

  headersOf(block: Uint8Array): Promise<ReadonlyMap<string, string>> {
    return this.#headers.read(block);
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const bytes = this.#toServer.shift();
      if (bytes !== undefined) {
        this.unreadBytes -= bytes.length;
        yield bytes;
      } else if (this.#isGone) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
