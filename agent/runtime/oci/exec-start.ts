import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { runtimeWords } from './monitor.ts';

/** Longer than what a runtime has to say. */
const maxHeldBytes = 16 << 10;
const pollMs = 5;
/** As a shell says it: there is no such program, or it cannot be executed. */
const exitCodes = { notFound: 127, notExecutable: 126 } as const;

/**
 * Tells a command that runs from one that could not be started: then all that came out are the runtime's own words,
 * which become one line for whoever has asked. Until that is known, output is held back.
 */
export class ExecStart {
  readonly #hasStarted: () => Promise<boolean>;
  readonly #hasBegun = Promise.withResolvers<boolean>();
  readonly #words = Promise.withResolvers<string>();
  #isJudged = false;

  constructor(hasStarted: () => Promise<boolean>) {
    this.#hasStarted = hasStarted;
  }

  /** The stream on which the runtime complains, which is the command's own once it runs. Is read from now on. */
  screen(source: Readable, lineEnd: '\n' | '\r\n'): Readable {
    const output = new PassThrough();
    // Whoever does not want the rest ends the source as well.
    output.once('close', () => source.destroy());
    this.#pump(source, output, lineEnd).catch((error: Error) => {
      this.#words.resolve('');
      output.destroy(error);
    });
    return output;
  }

  /** The exit code, from that of the runtime. To be called once it has ended, before its files are removed. */
  async judge(code: number): Promise<number> {
    const hasBegun = code === 0 || (await this.#hasStarted());
    this.#isJudged = true;
    this.#hasBegun.resolve(hasBegun);
    if (hasBegun) return code;
    return /no such file or directory|not found/i.test(await this.#words.promise)
      ? exitCodes.notFound
      : exitCodes.notExecutable;
  }

  /** The source is read on while its words are held back: the runtime ends only when they are taken. */
  async #pump(source: Readable, output: PassThrough, lineEnd: string): Promise<void> {
    const held: Uint8Array[] = [];
    let heldBytes = 0;
    let isOwn = false;
    const release = (): void => {
      isOwn = true;
      for (const chunk of held.splice(0)) output.write(chunk);
    };
    let watching: Promise<void> | undefined;
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (isOwn) {
        await passOn(output, chunk);
        continue;
      }
      held.push(chunk);
      heldBytes += chunk.length;
      if (heldBytes > maxHeldBytes) release();
      else watching ??= this.#begins().then((begun) => (begun && !isOwn ? release() : undefined));
    }
    if (!isOwn && (await this.#hasBegun.promise)) release();
    if (!isOwn) this.#complain(Buffer.concat(held).toString('utf8'), output, lineEnd);
    output.end();
  }

  #complain(said: string, output: PassThrough, lineEnd: string): void {
    const words = runtimeWords(said);
    this.#words.resolve(words);
    if (words !== '') output.write(`OCI runtime exec failed: ${words}${lineEnd}`);
  }

  /** Waits until the command runs, or has ended without. */
  async #begins(): Promise<boolean> {
    while (!this.#isJudged) {
      if (await this.#hasStarted()) return true;
      await Promise.race([this.#hasBegun.promise, sleep(pollMs)]);
    }
    return this.#hasBegun.promise;
  }
}

async function passOn(output: PassThrough, chunk: Uint8Array): Promise<void> {
  if (!output.write(chunk)) await Promise.race([once(output, 'drain'), once(output, 'close')]);
}
