import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../shared/errors.ts';
import { type RunningChild, spawnChild } from '../host/run.ts';
import { LayerError } from './tar-header.ts';

/** Small pieces cost more than the work itself. */
const pieceBytes = 256 * 1024;

/**
 * A layer without its compression. What it is compressed with is seen in its first bytes: media types are not always
 * right. Throws LayerError when it is damaged. Stop reading by `return()`: it ends what runs.
 */
export async function* decompress(source: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const pieces = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const { done, value } = await pieces.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const whole = prepend(head, pieces);
  if (head.length >= 2 && head.readUInt16BE() === 0x1f8b)
    yield* through(createGunzip({ chunkSize: pieceBytes }), whole);
  else if (head.length >= 4 && head.readUInt32BE() === 0x28b52ffd) yield* unzstd(whole, signal);
  else yield* whole;
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* through(transform: Transform, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let failure: unknown;
  const feeding = pipeline(Readable.from(source, { objectMode: false }), transform).catch((error: unknown) => {
    failure = error;
  });
  try {
    yield* transform as AsyncIterable<Buffer>;
  } catch (error) {
    await feeding;
    throw new LayerError(`it cannot be decompressed: ${messageOf(failure ?? error)}`, { cause: error });
  } finally {
    transform.destroy();
  }
}

/** By the zstd program where there is one: Node's own decoder drops what follows the first frame of a piece. */
async function* unzstd(source: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const child = await spawnChild('zstd', ['-dcq'], { signal }).catch(() => undefined);
  if (child === undefined) yield* through(createZstdDecompress({ chunkSize: pieceBytes }), source);
  else yield* throughChild(child, source);
}

async function* throughChild(child: RunningChild, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const words = lastWords(child);
  const feeding = pipeline(Readable.from(source, { objectMode: false }), child.stdin).catch(() => undefined);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await feeding;
    if ((await child.exitCode) !== 0) throw new LayerError(`it cannot be decompressed: ${await words}`);
  } finally {
    child.kill();
  }
}

/** What a program says on its standard error, shortened. */
export async function lastWords({ stderr }: RunningChild): Promise<string> {
  let text = '';
  for await (const piece of stderr as AsyncIterable<Buffer>) text = `${text}${piece.toString('utf8')}`.slice(0, 2000);
  return text.trim();
}
