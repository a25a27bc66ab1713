import { spawn, type IPty } from '@lydell/node-pty';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';

/** A program on a terminal of its own, as a person sits before it. */
export class Terminal {
  readonly exitCode: Promise<number>;
  readonly #terminal: IPty;
  #screen = '';

  constructor(program: string, args: string[], env: Record<string, string>, [cols, rows]: [number, number]) {
    this.#terminal = spawn(program, args, { cols, rows, name: 'xterm', env });
    this.#terminal.onData((text) => (this.#screen += text));
    this.exitCode = new Promise((resolve) => this.#terminal.onExit(({ exitCode }) => resolve(exitCode)));
  }

  type(text: string): void {
    this.#terminal.write(text);
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
  }

  kill(): void {
    this.#terminal.kill('SIGKILL');
  }

  /** Waits until the screen shows it; what is there instead is in the error. */
  async until(what: RegExp): Promise<void> {
    await until(() => what.test(this.#screen), `the terminal shows ${what}`).catch((error: unknown) => {
      throw new Error(JSON.stringify(this.#screen), { cause: error });
    });
  }
}

/** kubectl on such a terminal. */
export class KubectlTerminal extends Terminal {
  constructor(kubectl: Kubectl, args: string[], env: Record<string, string>, size: [number, number]) {
    super('kubectl', args, { ...kubectl.env, ...env }, size);
  }
}
