import { Duplex } from 'node:stream';
import { channel, type ByteStream, type Chunk } from '../../../shared/bus/byte-stream.ts';

/** A session that carries a TCP connection, as a stream that Node's own clients talk on. Owns the session. */
export class SessionConnection extends Duplex {
  readonly #session: ByteStream;
  readonly #chunks: AsyncIterator<Chunk>;

  constructor(session: ByteStream) {
    super({ allowHalfOpen: true });
    this.#session = session;
    this.#chunks = session[Symbol.asyncIterator]();
  }

  override _read(): void {
    this.#pull().then(
      (bytes) => this.push(bytes),
      (error: Error) => this.destroy(error),
    );
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    void settle(this.#session.write(channel.stdin, bytes), done);
  }

  override _final(done: (error?: Error) => void): void {
    void settle(this.#session.end(channel.stdin), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    void settle(this.#session.close(), () => done(error));
  }

  /** The next bytes of the other side; null at its end. */
  async #pull(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return null;
      if (value.channel === channel.stdout) return value.bytes.length === 0 ? null : value.bytes;
    }
  }
}

/** Tells a stream how its work has ended. */
async function settle(work: Promise<void>, done: (error?: Error) => void): Promise<void> {
  let failure: Error | undefined;
  try {
    await work;
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}
