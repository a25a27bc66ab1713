import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { execve } from 'node:process';
import { extname, join } from 'node:path';
import { Command } from 'commander';

/** The entry point of another of Berth's programs, sources or built like this one. */
export function programPath(program: 'controller' | 'agent'): string {
  return join(import.meta.dirname, '..', program, `main${extname(import.meta.filename)}`);
}

/**
 * Arguments of Node.js for all of Berth's programs, as in the launcher. Each thread may otherwise keep 48 MiB for objects
 * that are short-lived; with 3 MiB they are collected more often, which takes no time that can be measured.
 */
export const nodeArguments = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'];

/**
 * The environment for the program. A join token in it is handed over in a file: whoever may look at a process sees its
 * environment as long as it lives.
 */
function environmentOf({ BERTH_JOIN_TOKEN: token, ...rest }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (token === undefined) return rest;
  const file = join(tmpdir(), `berth-join-${randomUUID()}`);
  return { ...rest, BERTH_JOIN_TOKEN_FILE: writeJoinToken(file, token) };
}

/** Writes a file for the agent alone, which removes it once it has joined; returns its path. */
export function writeJoinToken(file: string, token: string): string {
  rmSync(file, { force: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return file;
}

/** A command that becomes the program itself: same process, its own flags and `--help`. */
export function programCommand(program: 'controller' | 'agent', description: string): Command {
  return new Command(program)
    .description(description)
    .argument('[options...]', `see berth ${program} --help`)
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      const [, , , ...rest] = process.argv;
      const arguments_ = [process.execPath, ...nodeArguments, programPath(program), ...rest];
      execve?.(process.execPath, arguments_, environmentOf(process.env));
    });
}
