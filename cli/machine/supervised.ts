import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../shared/backoff.ts';
import { EndedAtStart } from './ended-at-start.ts';
import { nodeArguments, programPath } from '../programs.ts';

const stopTimeoutMs = 20_000;
/** Pods wait for as long after the last of many crashes: short, and still no load when a program ends at once each time. */
const backoff = { initialMs: 500, maxMs: 5000 };
/** A program that ran so long has recovered from what ended it before. */
const healthyMs = 20_000;

/** What a program does first: it says something, or it ends. */
type Sign = { message: unknown } | { code: number | null; signal: string | null };

/** A program of Berth's own that is started again when it ends by itself, and ends with this process. */
export class Supervised {
  readonly #program: 'controller' | 'agent';
  readonly #args: string[];
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #stopping: Promise<void> | undefined;
  #failures = 0;

  constructor(program: 'controller' | 'agent', args: string[], env: Record<string, string>) {
    this.#program = program;
    this.#args = args;
    this.#env = env;
  }

  /**
   * Starts it and resolves with the first message it sends. One that is killed before is started again, one that ends by
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
        once(child, 'message', { signal }).then(([message]: unknown[]) => ({ message })),
        once(child, 'exit', { signal }).then(([code, name]) => ({ code, signal: name }) as Sign),
      ]);
    } catch (error) {
      const problem = `the ${this.#program} did not come up within ${timeoutMs / 1000} s; see its messages above`;
      throw new Error(problem, { cause: error });
    }
  }

  /** Says that it ended; the delay before it is started again. */
  #announceRestart(ending: number | string | null): number {
    const delay = backoffMs(this.#failures, backoff);
    process.stderr.write(`berth: the ${this.#program} ended with ${ending}; starting it again in ${delay / 1000} s\n`);
    return delay;
  }

  #spawn(): ChildProcess {
    this.#child = spawn(process.execPath, [...nodeArguments, programPath(this.#program), ...this.#args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...this.#env },
    });
    return this.#child;
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
