import { createRequire } from 'node:module';
import { PassThrough, type Readable } from 'node:stream';
import type pty from '@lydell/node-pty';
import { ApiError, messageOf } from '../../../shared/errors.ts';

/** A program that has a terminal of its own. */
export interface TerminalProcess {
  readonly output: Readable;
  write(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
  kill(): void;
  /** 128 + signal for signals. */
  readonly exitCode: Promise<number>;
}

/** What the program may be ahead of its reader; it is read to the end of this even after it has ended. */
const windowBytes = 512 << 10;

/** Starts a program on a new terminal. Throws BadRequest where the native module for terminals does not load. */
export function spawnTerminal(command: string, args: string[], env: Record<string, string>): TerminalProcess {
  const child = load().spawn(command, args, { name: 'xterm', cols: 80, rows: 24, cwd: '/', env, encoding: null });
  const output = new PassThrough({ highWaterMark: windowBytes });
  // Without an encoding data are bytes, whatever the types say.
  child.onData((data: unknown) => {
    if (!output.write(data)) child.pause();
  });
  output.on('drain', () => child.resume());
  const exitCode = new Promise<number>((resolve) => {
    child.onExit(({ exitCode: code, signal = 0 }) => {
      output.end();
      resolve(signal > 0 ? 128 + signal : code);
    });
  });
  return {
    output,
    exitCode,
    write: (bytes) => child.write(Buffer.from(bytes) as unknown as string),
    resize: (columns, rows) => child.resize(columns, rows),
    kill: () => child.kill('SIGKILL'),
  };
}

function load(): typeof pty {
  try {
    return createRequire(import.meta.url)('@lydell/node-pty') as typeof pty;
  } catch (error) {
    throw new ApiError('BadRequest', `this node cannot give a terminal: ${messageOf(error)}`, {}, { cause: error });
  }
}
