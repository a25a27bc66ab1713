import { Command } from 'commander';
import { allowClosedOutput } from './closed-output.ts';
import { commandGroups } from './commands.ts';
import { prepare, report } from './failure.ts';
import { moveGlobalFlags } from './global-flags.ts';
import { useInstead, withStart } from './help.ts';
import { ownVersion } from './own-version.ts';
import { UsageError } from './usage.ts';

const words = moveGlobalFlags(process.argv.slice(2));
const asked = words[0] ?? '';

const program = withStart(
  new Command('berth').description('Runs containers on your hosts from Kubernetes manifests.').version(ownVersion),
);

allowClosedOutput(asked);
try {
  if (asked === '__complete') await (await import('./complete.ts')).printCompletions(process.argv.slice(3));
  else {
    await addCommands();
    await prepare(program).parseAsync(words, { from: 'user' });
  }
} catch (error) {
  process.exitCode = report(error);
}

/** The command that was asked for, or all of them when it is none of these: for help, and for words that come close. */
async function addCommands(): Promise<void> {
  const isKnown = Object.values(commandGroups).some((commands) => Object.hasOwn(commands, asked));
  const instead = isKnown ? undefined : useInstead(asked);
  if (instead !== undefined) throw new UsageError(`unknown command '${asked}': use ${instead}; see berth --help`);
  for (const [heading, commands] of Object.entries(commandGroups)) {
    program.commandsGroup(heading);
    for (const [name, load] of Object.entries(commands)) {
      if (!isKnown || name === asked) program.addCommand(await load());
    }
  }
}
