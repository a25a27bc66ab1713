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

/** A command that becomes the program itself: same process, its own flags and `--help`. */
export function programCommand(program: 'controller' | 'agent', description: string): Command {
  return new Command(program)
    .description(description)
    .argument('[options...]', `see berth ${program} --help`)
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      const [, , , ...rest] = process.argv;
      execve?.(process.execPath, [process.execPath, ...nodeArguments, programPath(program), ...rest], process.env);
    });
}
