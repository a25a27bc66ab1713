import { spawn } from 'node:child_process';

export interface Outcome {
  /** -1 when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  stdin?: string;
  env?: Record<string, string>;
  withinMs?: number;
}

/** Runs a program to its end; SIGKILL when it takes too long. */
export function runCommand(
  program: string,
  args: readonly string[],
  { stdin = '', env = {}, withinMs = 60_000 }: CommandOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: 'pipe',
      timeout: withinMs,
      killSignal: 'SIGKILL',
    });
    const outcome = { code: -1, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code: code ?? -1 }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
}

/** Its standard output; throws unless the exit code is 0. */
export async function outputOf(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runCommand(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}
