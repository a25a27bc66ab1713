import { constants, close as closeCallback, open as openCallback } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { ApiError } from '../../../shared/errors.ts';
import { errnoCode, libc } from '../../host/libc.ts';
import { run } from '../../host/run.ts';

const open = promisify(openCallback);
const close = promisify(closeCallback);

/** Throws when the path is taken. */
export async function makeFifo(path: string): Promise<void> {
  const native = libc();
  if (native !== undefined) {
    native.mkfifo(path, 0o600);
    return;
  }
  const { code, stderr } = await run('mkfifo', ['-m', '600', path], { timeoutMs: 10_000 });
  if (code !== 0) throw new ApiError('InternalError', `mkfifo: ${stderr.trim()}`);
}

/** The reading end of a fifo as a stream. Never waits for a writer: an open that does would hold a thread for good. */
export async function readFifo(path: string): Promise<Socket> {
  const fd = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Runs `work` with the writing end of a fifo that has a reader, for a child to inherit. */
export async function withFifoWriter<T>(path: string, work: (fd: number) => Promise<T>): Promise<T> {
  const fd = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    return await work(fd);
  } finally {
    await close(fd);
  }
}

/** Writes a short message into a fifo that another process reads; throws ServiceUnavailable when none does. */
export async function writeFifo(path: string, text: string): Promise<void> {
  try {
    const file = await openFile(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      await file.write(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!['ENXIO', 'ENOENT', 'EPIPE'].includes(errnoCode(error) ?? '')) throw error;
    throw new ApiError('ServiceUnavailable', `nobody reads ${path}`, {}, { cause: error });
  }
}
