import { messageOf } from './errors.ts';
import { SettingsError } from './settings.ts';

/** Ends what a program started. */
export type Close = () => Promise<void>;

/**
 * Runs a program until SIGTERM, SIGINT or the end of the parent that started it with a channel: `start` begins the work
 * and resolves with how to end it. Exit codes: 0 ended as asked, 1 failed, 2 wrong usage. The same signal again ends it
 * at once, unless a parent watches over its end: then signals come twice as a matter of course, at Ctrl-C and from a
 * service manager that tells each process of a group, and what follows an impatient end is for the parent to decide.
 * `umask` holds for it and for what it starts, whatever it was started with.
 */
export async function runProgram(
  name: string,
  umask: number,
  start: (stopping: AbortSignal) => Promise<Close>,
): Promise<void> {
  process.umask(umask);
  const stopping = new AbortController();
  const hasParent = process.send !== undefined;
  const received = new Set<string>();
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      stopping.abort(new Error(`${name} was told to stop`));
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (received.has(signal) && !hasParent) process.exit(1);
        received.add(signal);
        stop();
      });
    }
    if (hasParent) process.on('disconnect', stop);
  });
  try {
    const close = await start(stopping.signal);
    await stopped;
    await close();
  } catch (error) {
    if (stopping.signal.aborted) process.exit(0);
    process.stderr.write(isUsage(error) ? describeUsage(name, error) : `berth ${name}: ${messageOf(error)}\n`);
    process.exit(isUsage(error) ? exitCodeOf(error) : 1);
  }
  process.exit(0);
}

/** What commander throws: help was shown, or a flag is unknown; it has written about it. */
interface CommanderFailure extends Error {
  exitCode: number;
}

function isUsage(error: unknown): error is SettingsError | CommanderFailure {
  return error instanceof SettingsError || (error instanceof Error && 'exitCode' in error);
}

function exitCodeOf(error: SettingsError | CommanderFailure): number {
  return 'exitCode' in error && error.exitCode === 0 ? 0 : 2;
}

function describeUsage(name: string, error: Error): string {
  return error instanceof SettingsError ? `berth ${name}: ${error.message}\n` : '';
}
