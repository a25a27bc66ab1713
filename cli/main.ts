import { Command, CommanderError } from 'commander';
import { messageOf } from '../shared/errors.ts';
import { applyCommand } from './apply.ts';
import { agentCommand } from './agent.ts';
import { controllerCommand } from './controller.ts';
import { deleteCommand } from './delete.ts';
import { describeCommand } from './describe.ts';
import { downCommand } from './down.ts';
import { eventsCommand } from './events.ts';
import { execCommand } from './exec.ts';
import { getCommand } from './get.ts';
import { imageCommand } from './image.ts';
import { logsCommand } from './logs.ts';
import { quickstartCommand } from './quickstart.ts';
import { rolloutCommand } from './rollout.ts';
import { scaleCommand } from './scale.ts';
import { statusCommand } from './status.ts';
import { tokenCommand } from './token.ts';
import { upCommand } from './up.ts';
import { UsageError } from './usage.ts';
import { waitCommand } from './wait.ts';

const program = new Command('berth')
  .description('Runs containers on your hosts from Kubernetes manifests.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(berth --help shows what there is)')
  .configureHelp({ sortSubcommands: false });

const groups: Record<string, Command[]> = {
  'This machine:': [
    quickstartCommand(),
    upCommand(),
    downCommand(),
    controllerCommand(),
    agentCommand(),
    tokenCommand(),
  ],
  'Workloads:': [
    applyCommand(),
    getCommand(),
    describeCommand(),
    logsCommand(),
    execCommand(),
    deleteCommand(),
    scaleCommand(),
    rolloutCommand(),
    waitCommand(),
    eventsCommand(),
    statusCommand(),
  ],
  'Images:': [imageCommand()],
};
for (const [heading, commands] of Object.entries(groups)) {
  program.commandsGroup(heading);
  for (const command of commands) program.addCommand(inheritExit(command));
}

/** Exit codes: 0 done, 1 failed, 2 wrong usage; set here alone. */
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function inheritExit(command: Command): Command {
  command.exitOverride();
  for (const child of command.commands) inheritExit(child);
  return command;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`berth: ${messageOf(error)}\n`);
  return error instanceof UsageError ? 2 : 1;
}
