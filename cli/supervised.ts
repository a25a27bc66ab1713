import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { backoffMs } from '../shared/backoff.ts';
import { nodeArguments, programPath } from './programs.ts';

const stopTimeoutMs = 20_000;
const backoff = { initialMs: 500, maxMs: 10_000 };
/** A program that ran so long has recovered from what ended it before. */
const healthyMs = 60_000;

/** A program of Berth's own that is started again when it ends by itself, and ends with this process. */
export class Supervised {
  readonly #program: 'controller' | 'agent';
  readonly #args: string[];
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #stopping = false;
  #failures = 0;

  constructor(program: 'controller' | 'agent', args: string[], env: Record<string, string>) {
    this.#program = program;
    this.#args = args;
    this.#env = env;
  }

  /** Starts it and resolves with the first message it sends. Throws when it ends or says nothing before. */
  async start(timeoutMs: number): Promise<unknown> {
    const child = this.#spawn();
    const timeout = AbortSignal.timeout(timeoutMs);
    const first = await Promise.race([
      once(child, 'message', { signal: timeout }).then(([message]: unknown[]) => ({ message })),
      once(child, 'exit', { signal: timeout }).then(([code, signal]: unknown[]) => ({ code, signal })),
    ]).catch((error: unknown) => {
      throw new Error(`the ${this.#program} did not come up within ${timeoutMs / 1000} s; see its messages above`, {
        cause: error,
      });
    });
    if ('message' in first) {
      this.#watch(child, performance.now());
      return first.message;
    }
    throw new Error(`the ${this.#program} ended with ${String(first.code ?? first.signal)}; see its messages above`);
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
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
      if (this.#stopping) return;
      this.#failures = performance.now() - startedAt > healthyMs ? 1 : this.#failures + 1;
      const delay = backoffMs(this.#failures, backoff);
      process.stderr.write(
        `berth: the ${this.#program} ended with ${code ?? signal}; starting it again in ${delay / 1000} s\n`,
      );
      setTimeout(() => {
        if (!this.#stopping) this.#watch(this.#spawn(), performance.now());
      }, delay);
    });
  }
}
