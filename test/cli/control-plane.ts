import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeArguments } from '../../cli/programs.ts';
import { readYaml } from '../../shared/yaml.ts';
import { runCommand, type CommandOptions, type Outcome } from '../support/command.ts';
import { freePorts } from '../support/free-ports.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');
const readyLine = /^berth ready kubeconfig=(\S+) api=(\S+) metrics=(\S+)$/;

/** Arguments of Node.js that run the command line from its sources. */
export const berthArguments = [...nodeArguments, main];

/** What `berth up` writes: one cluster, one user, one context. */
export interface Kubeconfig {
  clusters: [{ cluster: Record<string, unknown> }];
  users: [{ user: Record<string, unknown> }];
}

/** The real command line, with an environment of its own. */
export class CommandLine {
  readonly #env: Record<string, string>;

  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  /** Runs the command line to its end. Words may be one line; single quotes keep spaces. */
  berth(words: string | readonly string[], { env = {}, ...options }: CommandOptions = {}): Promise<Outcome> {
    const args = [...berthArguments, ...(typeof words === 'string' ? split(words) : words)];
    return runCommand(process.execPath, args, { ...options, env: { ...this.#env, ...env } });
  }

  /** As `berth`; fails unless the exit code is 0. Resolves with stdout without its last line end. */
  async ok(words: string | readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.berth(words, options);
    assert.equal(code, 0, `berth ${String(words)}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  /** As `berth`; fails unless it ends with this code and one line of error. Resolves with that line. */
  async fails(words: string | readonly string[], wanted: 1 | 2, options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.berth(words, options);
    assert.equal(code, wanted, `berth ${String(words)}: exit code ${code}\n${stdout}${stderr}`);
    assert.match(stderr, /^berth: [^\n]+\n$/);
    return stderr.trimEnd();
  }

  /** Starts the command line; the caller ends it. */
  spawn(words: string | readonly string[]): ChildProcess {
    const args = [...berthArguments, ...(typeof words === 'string' ? split(words) : words)];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.#env } });
  }
}

/** `berth up --no-agent` in a folder and on ports of its own, driven by the real command line. */
export class ControlPlane extends CommandLine {
  /** Removed at the end; manifests may be put here. */
  readonly directory: string;
  readonly kubeconfig: string;
  readonly #up: ChildProcess;

  private constructor(directory: string, kubeconfig: string, up: ChildProcess, env: Record<string, string>) {
    super({ ...env, KUBECONFIG: kubeconfig });
    this.directory = directory;
    this.kubeconfig = kubeconfig;
    this.#up = up;
  }

  static async start(): Promise<ControlPlane> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-cli-'));
    const [api, bus, metrics] = await freePorts(3);
    const args = ['up', '--no-agent', '--data-dir', join(directory, 'data'), '--log-level', 'error'];
    args.push('--api-listen', `127.0.0.1:${api}`, '--bus-listen', `127.0.0.1:${bus}`);
    args.push('--metrics-listen', `127.0.0.1:${metrics}`);
    const env = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(directory, 'compiled') };
    const up = spawn(process.execPath, [...berthArguments, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    for await (const line of createInterface({ input: up.stdout })) {
      const [, kubeconfig] = readyLine.exec(line) ?? [];
      if (kubeconfig !== undefined) return new ControlPlane(directory, kubeconfig, up, env);
    }
    await rm(directory, { recursive: true, force: true });
    throw new Error('berth up ended before it was ready');
  }

  /** Writes a file; resolves with its path. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, content);
    return path;
  }

  /** A kubeconfig that differs from the real one. */
  async kubeconfigWith(name: string, change: (config: Kubeconfig) => void): Promise<string> {
    const config = readYaml(await readFile(this.kubeconfig, 'utf8')) as Kubeconfig;
    change(config);
    return this.file(name, JSON.stringify(config));
  }

  async stop(): Promise<void> {
    const ended = once(this.#up, 'exit');
    this.#up.kill('SIGTERM');
    await ended;
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function split(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
