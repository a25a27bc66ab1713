import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { errnoCode } from '../../host/libc.ts';
import { readFifo } from './fifo.ts';

const startDeadlineMs = 10_000;

/**
 * Lets a created container run as `runc start` does, but without a process: the container's init waits in a write to
 * exec.fifo and executes the command once a reader took the byte. The file is removed, since it means "not started".
 * False when there is no such file (another runtime, another version): let the runtime start it then.
 */
export async function startByFifo(stateDirectory: string): Promise<boolean> {
  const path = join(stateDirectory, 'exec.fifo');
  let fifo: Socket;
  try {
    fifo = await readFifo(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  await firstByte(fifo);
  await rm(path, { force: true });
  return true;
}

function firstByte(fifo: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      fifo.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    fifo.setTimeout(startDeadlineMs, () => end(new ApiError('Timeout', 'the container did not start in time')));
    fifo.once('data', () => end());
    fifo.once('error', end);
    fifo.once('end', () => end(new ApiError('InternalError', 'the container ended before it was started')));
  });
}
