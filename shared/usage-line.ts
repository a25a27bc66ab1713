import type { Command } from 'commander';

/** Makes wrong usage of a command one line of Berth's own form, and an exception instead of the end of the process. */
export function complainInOneLine(command: Command): Command {
  return command.exitOverride().configureOutput({
    outputError: (text, write) => {
      const problem = text
        .replace(/^error: /, '')
        .trim()
        .replaceAll(/\s*\n\s*/g, ' ')
        .replace(/\.$/, '');
      write(`berth: ${problem}; see ${pathOf(command)} --help\n`);
    },
  });
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
