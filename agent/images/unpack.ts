import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { plainEnv, spawnChild } from '../host/run.ts';
import { lastWords } from './decompress.ts';
import { LayerError } from './tar-header.ts';

const options = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner', '--delay-directory-restore'];

/**
 * Unpacks a tar stream into an empty folder with GNU tar: it alone keeps owners, links, devices, attributes and times.
 * Throws what the stream throws, and LayerError with tar's own words. Returns or throws when the program has ended.
 */
export async function unpackTar(source: AsyncIterable<Buffer>, folder: string, signal: AbortSignal): Promise<void> {
  const args = ['-xpf', '-', '-C', folder, ...options];
  const child = await spawnChild('tar', args, { signal, env: { ...plainEnv(), TAR_OPTIONS: '' } });
  const words = lastWords(child);
  child.stdout.resume();
  const failure = await pipeline(Readable.from(source, { objectMode: false }), child.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  const isOurs = failure !== undefined && !isBrokenPipe(failure);
  if (isOurs) child.kill();
  const code = await child.exitCode;
  signal.throwIfAborted();
  if (isOurs) throw failure;
  if (code !== 0) throw new LayerError(`it cannot be unpacked: ${(await words).split('\n').slice(0, 3).join('; ')}`);
}

/** tar has ended before its input: what it says is the reason. */
function isBrokenPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ERR_STREAM_DESTROYED';
}
