import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { ApiError } from '../../shared/errors.ts';

export interface RunOptions {
  /** Written to the standard input, which is closed after it; absent: no input. */
  input?: string | Uint8Array;
  /** After this the whole process group is killed and the call throws Timeout. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** The whole environment of the program; absent: PATH, HOME and a C locale only. */
  env?: Record<string, string>;
  cwd?: string;
}

export interface RunResult {
  /** 128 + signal for signals. */
  code: number;
  /** At most 1 MiB; what comes after it is read and dropped. */
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  signal?: AbortSignal;
  env?: Record<string, string>;
  cwd?: string;
}

/** A program whose streams the caller reads and writes. */
export interface RunningChild {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and its output is read: 128 + signal for signals. */
  readonly exitCode: Promise<number>;
  /** Kills it and what it started in its process group. */
  kill(): void;
}

const maxOutputBytes = 1 << 20;

/** Runs a program to its end. A code other than 0 is an answer, not an error; throws when it cannot be started, on timeout and on abort. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = await spawnChild(command, args, options);
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill();
    },
    options.timeoutMs ?? 2 ** 31 - 1,
  );
  try {
    const [stdout, stderr, code] = await Promise.all([
      collect(child.stdout),
      collect(child.stderr),
      child.exitCode,
      feed(child.stdin, options.input),
    ]);
    options.signal?.throwIfAborted();
    if (timedOut) throw new ApiError('Timeout', `${command} did not end within ${String(options.timeoutMs)} ms`);
    return { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a program in a process group of its own; throws when it cannot be started. An abort kills the group. */
export async function spawnChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<RunningChild> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? plainEnv(),
    cwd: options.cwd,
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const kill = (): void => killGroup(child);
  options.signal?.addEventListener('abort', kill, { once: true });
  if (options.signal?.aborted === true) kill();
  const exitCode = new Promise<number>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  }).finally(() => options.signal?.removeEventListener('abort', kill));
  child.on('error', () => undefined); // a failed kill; the end is told by 'close'
  child.stdin.on('error', () => undefined); // the program may end without reading its input
  return { pid, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exitCode, kill };
}

/** What a child needs of the environment, so that nothing of Berth's own (tokens, NOTIFY_SOCKET) reaches it. */
export function plainEnv(): Record<string, string> {
  const fallback = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH: process.env['PATH'] ?? fallback, HOME: process.env['HOME'] ?? '/root', LC_ALL: 'C', TZ: 'UTC' };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL'); // not reaped before 'exit', or members of the group are left: the number is still ours
  } catch {
    // The group is gone.
  }
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const room = maxOutputBytes - size;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    size += Math.min(room, chunk.length);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function feed(stdin: Writable, input: string | Uint8Array = ''): Promise<void> {
  await new Promise<void>((resolve) => {
    stdin.once('close', resolve);
    stdin.end(input);
  });
}
