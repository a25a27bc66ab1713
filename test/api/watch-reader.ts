import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { ApiHarness, Json } from './harness.ts';

/** Reads a watch event by event; nothing before the first `next`. */
export class WatchReader {
  readonly #message: IncomingMessage;
  #lines: AsyncIterator<string> | undefined;

  private constructor(message: IncomingMessage) {
    this.#message = message;
  }

  static async open(api: ApiHarness, path: string, headers: Record<string, string> = {}): Promise<WatchReader> {
    const message = await api.open({ path, headers: { authorization: `Bearer ${api.token}`, ...headers } });
    message.on('error', () => undefined);
    return new WatchReader(message);
  }

  get code(): number {
    return this.#message.statusCode ?? 0;
  }

  /** The next event; undefined when the watch ended. */
  async next(): Promise<Json> {
    this.#lines ??= createInterface({ input: this.#message })[Symbol.asyncIterator]();
    const { done, value } = await this.#lines.next();
    return done === true ? undefined : (JSON.parse(value) as unknown);
  }

  /** Type and name of the next events. */
  async take(count: number): Promise<string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      const event = await this.next();
      seen.push(`${event?.type} ${event?.object?.metadata?.name ?? ''}`);
    }
    return seen;
  }

  close(): void {
    this.#message.destroy();
  }
}
