import { spawn, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../shared/backoff.ts';
import { EndedAtStart } from './ended-at-start.ts';
import { nodeArguments, programPath } from '../programs.ts';

const stopTimeoutMs = 20_000;
/** Pods wait for as long after the last of many crashes: short, and still no load when a program ends at once each time. */
const backoff = { initialMs: 500, maxMs: 5000 };
/** A program that ran so long has recovered from what ended it before. */
const healthyMs = 5_000;
/** One that says that it is alive does so every second. After so many without, nobody can expect an answer of it. */
const defaultSilentLimit = 20;
/** By these a program ends itself when it cannot go on: out of memory above all. */
const abortSignals: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGSEGV']);

/** What a program does first: it says that it is ready, or it ends. */
type Sign = { message: unknown } | { code: number | null; signal: string | null };

/**
 * A program of Berth's own that is started again when it ends by itself or does not answer any more, and ends with this
 * process. `$BERTH_LAST_END` tells it how the one before it ended: `stuck` or `aborted`, '' in any other way.
 */
export class Supervised {
  readonly #program: 'controller' | 'agent';
  readonly #args: string[];
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #stopping: Promise<void> | undefined;
  #failures = 0;
  #lastEnd: '' | 'stuck' | 'aborted' = '';
  readonly #silentLimit: number;

  /** `silentLimit`: seconds after which one that has said before that it is alive is killed. */
  constructor(
    program: 'controller' | 'agent',
    args: string[],
    env: Record<string, string>,
    silentLimit = defaultSilentLimit,
  ) {
    this.#program = program;
    this.#args = args;
    this.#env = env;
    this.#silentLimit = silentLimit;
  }

  /** Its process; undefined before the start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it and resolves with what it sends when it is ready. One that is killed before is started again, one that ends by
   * itself has said why: then this throws EndedAtStart. Throws too when it says nothing for `timeoutMs`.
   */
  async start(timeoutMs: number): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const child = this.#spawn();
      const first = await this.#firstSign(child, timeout, timeoutMs);
      if ('message' in first) {
        this.#watch(child, performance.now());
        return first.message;
      }
      if (first.code !== null || this.#stopping !== undefined) throw new EndedAtStart(this.#program, first.code);
      this.#failures += 1;
      await sleep(this.#announceRestart(first.signal));
      if (this.#stopping !== undefined) throw new EndedAtStart(this.#program, null);
    }
  }

  /** SIGTERM, once: a second one would end it without its clean-up. And SIGKILL when that does not help. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  }

  async #firstSign(child: ChildProcess, signal: AbortSignal, timeoutMs: number): Promise<Sign> {
    try {
      return await Promise.race([
        nextReady(child, signal).then((message) => ({ message })),
        once(child, 'exit', { signal }).then(([code, name]) => ({ code, signal: name }) as Sign),
      ]);
    } catch (error) {
      const problem = `the ${this.#program} did not come up within ${timeoutMs / 1000} s; see its messages above`;
      throw new Error(problem, { cause: error });
    }
  }

  /** Says that it ended; the delay before it is started again: none the first time. */
  #announceRestart(ending: number | string | null): number {
    const delay = backoffMs(this.#failures - 1, backoff);
    const when = delay === 0 ? 'at once' : `in ${delay / 1000} s`;
    process.stderr.write(`berth: the ${this.#program} ended with ${ending}; starting it again ${when}\n`);
    return delay;
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, [...nodeArguments, programPath(this.#program), ...this.#args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...this.#env, BERTH_LAST_END: this.#lastEnd },
    });
    this.#child = child;
    this.#lastEnd = '';
    this.#expectSignsOfLife(child);
    child.once('exit', (_code, signal) => {
      if (this.#lastEnd === '' && signal !== null && abortSignals.has(signal)) this.#lastEnd = 'aborted';
    });
    return child;
  }

  /**
   * Counts this process's own seconds since the child has said that it is alive, so that a machine that was suspended,
   * or is slow for all, is no reason to kill. Starts with the first such message.
   */
  #expectSignsOfLife(child: ChildProcess): void {
    let silentFor: number | undefined;
    child.on('message', (message: object) => {
      if ('alive' in message) silentFor = 0;
    });
    const timer = setInterval(() => {
      if (silentFor === undefined) return;
      silentFor += 1;
      if (silentFor <= this.#silentLimit || this.#stopping !== undefined) return;
      process.stderr.write(`berth: the ${this.#program} has not answered for ${this.#silentLimit} s; it is killed\n`);
      this.#lastEnd = 'stuck';
      child.kill('SIGKILL');
    }, 1000);
    child.once('exit', () => clearInterval(timer));
  }

  #watch(child: ChildProcess, startedAt: number): void {
    child.once('exit', (code, signal) => {
      if (this.#stopping !== undefined) return;
      this.#failures = performance.now() - startedAt > healthyMs ? 1 : this.#failures + 1;
      setTimeout(
        () => {
          if (this.#stopping === undefined) this.#watch(this.#spawn(), performance.now());
        },
        this.#announceRestart(code ?? signal),
      );
    });
  }
}

/** What it says besides that it is alive. */
async function nextReady(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  for await (const [message] of on(child, 'message', { signal }) as AsyncIterable<[object]>) {
    if (!('alive' in message)) return message;
  }
  return undefined;
}
