import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { needs } from '../support/needs.ts';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface KubectlOptions {
  stdin?: string;
  env?: Record<string, string>;
}

/** The oldest version that speaks to this API; Debian 12 has 1.20. */
const oldestMinor = 27;

/** Skips the test, or all of the block in a hook, unless a kubectl that is new enough is on this machine. */
export function needsKubectl(context: Mocha.Context): void {
  needs(context, minorVersion() >= oldestMinor, `kubectl 1.${oldestMinor} or newer`);
}

/** 0 when there is none. */
function minorVersion(): number {
  if (findKubectl() === undefined) return 0;
  const { stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return Number(/"minor": "(\d+)/.exec(stdout)?.[1] ?? 0);
}

/** Where kubectl is, or undefined. */
function findKubectl(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What kubectl is run against. */
export interface KubectlTarget {
  /** Its home is made in there. */
  directory: string;
  kubeconfig(): Promise<string>;
}

/** Runs the real kubectl, with a home and a cache of its own. */
export class Kubectl {
  /** Its environment. */
  readonly env: Record<string, string>;
  readonly home: string;

  readonly #program: string;

  private constructor(home: string, kubeconfig: string, program: string) {
    this.home = home;
    this.#program = program;
    this.env = {
      HOME: home,
      PATH: process.env['PATH'] ?? '',
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(home, 'cache'),
    };
  }

  static async for(api: KubectlTarget, program = 'kubectl'): Promise<Kubectl> {
    const home = join(api.directory, 'home');
    await mkdir(home, { recursive: true });
    return new Kubectl(home, await api.kubeconfig(), program);
  }

  /** Starts it; the caller ends it. */
  start(args: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const child = spawn(this.#program, args, { env: { ...this.env, ...env }, stdio: 'pipe', cwd: this.home });
    child.stdin.on('error', () => undefined);
    return child;
  }

  run(args: readonly string[], { stdin = '', env = {} }: KubectlOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = this.start(args, env);
      const outcome = { code: -1, stdout: '', stderr: '' };
      child.stdout.on('data', (data: Buffer) => (outcome.stdout += data.toString()));
      child.stderr.on('data', (data: Buffer) => (outcome.stderr += data.toString()));
      child.on('error', reject);
      child.on('close', (code) => resolve({ ...outcome, code: code ?? -1 }));
      child.stdin.end(stdin);
    });
  }

  /** As `run`, for a line of words. */
  line(line: string, options: KubectlOptions = {}): Promise<Outcome> {
    return this.run(split(line), options);
  }

  /** As `run`; throws unless the exit code is 0. Resolves with stdout without its last line end. */
  async ok(line: string, options: KubectlOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(split(line), options);
    if (code !== 0) throw new Error(`kubectl ${line}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  /** As `run`; throws unless it fails. Resolves with stderr without its last line end. */
  async fails(line: string, options: KubectlOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(split(line), options);
    if (code === 0) throw new Error(`kubectl ${line}: did not fail\n${stdout}`);
    return stderr.trimEnd();
  }
}

/** Words of a line; single quotes keep spaces, in the middle of a word too. */
function split(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}

/** Text whose ages and paddings do not matter: columns are separated by one space, ages are AGE. */
export function normalise(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .trimEnd()
        .replaceAll(/ {2,}/g, ' ')
        .replaceAll(/ \d+(?:s|m|m\d+s)(?= |$)/g, ' AGE'),
    )
    .join('\n');
}
