import { systemClock, type Clock } from '../clock.ts';
import { ApiError, messageOf } from '../errors.ts';
import { Scope } from '../scope.ts';
import type { Bus } from './bus.ts';
import type { ByteStream, Channel, Chunk } from './byte-stream.ts';
import { errorOfText } from './error-reply.ts';
import { decodeFrame, encodeFrame, type Frame, type Unnumbered } from './stream-frame.ts';

export interface ByteStreamOptions {
  /** Subject that the other side receives on. */
  send: string;
  /** Subject that the other side sends to. */
  receive: string;
  /** Ends the session, with an error at both sides. */
  signal: AbortSignal;
  clock?: Clock;
}

const chunkBytes = 32 * 1024;
export const windowBytes = 512 * 1024;
/** What the smallest chunk counts for, so that a window of single bytes is bounded too. */
const leastCost = 256;
const checkMs = 5000;
const pingAfterMs = 15_000;
const deadAfterMs = 45_000;

/**
 * Starts this side of a session. The side that asks for it opens its end first, then calls the other; the other opens
 * its own, flushes, and answers. Nothing may be written before that answer.
 */
export function openByteStream(bus: Bus, options: ByteStreamOptions): ByteStream {
  return new BusByteStream(bus, options);
}

class BusByteStream implements ByteStream {
  readonly #bus: Bus;
  readonly #send: string;
  readonly #clock: Clock;
  readonly #scope = new Scope('byte stream');
  readonly #received: Chunk[] = [];
  #outgoing = 0;
  #incoming = 0;
  /** What may still be sent before the other side grants more. */
  #credit = windowBytes;
  /** What arrived and was not granted again yet. */
  #uncredited = 0;
  #consumed = 0;
  #lastSent: number;
  #lastHeard: number;
  /** Writes go one after the other: chunks of one are not mixed into another. */
  #writing: Promise<void> = Promise.resolve();
  readonly #whenOver = Promise.withResolvers<void>();
  #over: { error: ApiError | undefined } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(bus: Bus, { send, receive, signal, clock = systemClock }: ByteStreamOptions) {
    this.#bus = bus;
    this.#send = send;
    this.#clock = clock;
    this.#lastSent = clock.monotonic();
    this.#lastHeard = this.#lastSent;
    const own = this.#scope.signal;
    const onAbort = (): void => this.#abandon(new ApiError('ServiceUnavailable', 'session was cancelled'));
    signal.addEventListener('abort', onAbort, { once: true, signal: own });
    bus.onDisconnect(() => this.#finish(new ApiError('ServiceUnavailable', 'bus connection was lost')), own);
    const messages = bus.subscribe(receive, own);
    this.#scope.spawn(
      async () => {
        for await (const { bytes } of messages) this.#accept(decodeFrame(bytes));
      },
      (error) => this.#abandon(error),
    );
    this.#scope.spawn(
      (lifetime) => this.#keepAlive(lifetime),
      (error) => this.#abandon(error),
    );
    if (signal.aborted) onAbort();
  }

  get over(): Promise<void> {
    return this.#whenOver.promise;
  }

  write(channel: Channel, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const chunk = bytes.subarray(at, at + chunkBytes);
        await this.#spend(costOf(chunk.length));
        this.#transmit({ kind: 'data', channel, bytes: chunk });
      }
      if (bytes.length === 0) this.#throwIfOver();
    });
  }

  end(channel: Channel): Promise<void> {
    return this.#inTurn(async () => {
      await this.#spend(leastCost);
      this.#transmit({ kind: 'end', channel });
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk, void> {
    for (;;) {
      const chunk = this.#received.shift();
      if (chunk !== undefined) {
        yield chunk;
        // Only now the reader is done with it: a slow one holds back the writer.
        this.#grant(costOf(chunk.bytes.length));
      } else if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  async close(error?: string): Promise<void> {
    if (error !== undefined) {
      this.#abandon(error);
      return;
    }
    await this.#writing;
    if (this.#over !== undefined) return;
    this.#transmit({ kind: 'close', error: '' });
    this.#finish(undefined);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#writing.then(work);
    this.#writing = mine.catch(() => undefined);
    return mine;
  }

  async #spend(cost: number): Promise<void> {
    while (this.#over === undefined && this.#credit < cost) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
    this.#throwIfOver();
    this.#credit -= cost;
  }

  #throwIfOver(): void {
    if (this.#over !== undefined) throw this.#over.error ?? new ApiError('ServiceUnavailable', 'session is over');
  }

  #grant(cost: number): void {
    this.#consumed += cost;
    if (this.#consumed < windowBytes / 2 || this.#over !== undefined) return;
    this.#uncredited -= this.#consumed;
    this.#transmit({ kind: 'credit', amount: this.#consumed });
    this.#consumed = 0;
  }

  #transmit(frame: Unnumbered): void {
    this.#bus.publishBytes(this.#send, encodeFrame(frame, this.#outgoing));
    this.#outgoing = (this.#outgoing + 1) >>> 0;
    this.#lastSent = this.#clock.monotonic();
  }

  #accept(frame: Frame): void {
    if (this.#over !== undefined) return;
    if (frame.sequence !== this.#incoming) {
      throw new ApiError('ServiceUnavailable', 'part of the session was lost on the way');
    }
    this.#incoming = (this.#incoming + 1) >>> 0;
    this.#lastHeard = this.#clock.monotonic();
    switch (frame.kind) {
      case 'data':
        this.#receive({ channel: frame.channel, bytes: frame.bytes });
        break;
      case 'end':
        this.#receive({ channel: frame.channel, bytes: new Uint8Array() });
        break;
      case 'credit':
        this.#credit = Math.min(windowBytes, this.#credit + frame.amount);
        this.#wakeWriter?.();
        break;
      case 'close':
        this.#finish(frame.error === '' ? undefined : errorOfText(frame.error));
        break;
      case 'ping':
    }
  }

  #receive(chunk: Chunk): void {
    this.#uncredited += costOf(chunk.bytes.length);
    if (this.#uncredited > windowBytes) throw new ApiError('BadRequest', 'the other side sent more than was granted');
    this.#received.push(chunk);
    this.#wakeReader?.();
  }

  async #keepAlive(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(checkMs, signal);
      const now = this.#clock.monotonic();
      if (now - this.#lastHeard >= deadAfterMs) {
        throw new ApiError('ServiceUnavailable', `nothing heard for ${deadAfterMs / 1000} s`);
      }
      if (now - this.#lastSent >= pingAfterMs) this.#transmit({ kind: 'ping' });
    }
  }

  /** Ends both sides with an error. */
  #abandon(error: unknown): void {
    if (this.#over !== undefined) return;
    const failure = error instanceof ApiError ? error : errorOfText(messageOf(error));
    this.#transmit({ kind: 'close', error: `${failure.reason}: ${failure.message}` });
    this.#finish(failure);
  }

  #finish(error: ApiError | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = { error };
    this.#whenOver.resolve();
    this.#wakeReader?.();
    this.#wakeWriter?.();
    void this.#scope.close();
  }
}

function costOf(bytes: number): number {
  return Math.max(leastCost, bytes);
}
