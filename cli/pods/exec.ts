import { Command } from 'commander';
import { enter, findEntered, withEnterFlags, type EnterOptions } from './enter.ts';
import { exitCodeOf } from './pod-session.ts';
import { withApiOptions, withSession } from '../client/session.ts';

/** `berth exec -it pod -- command`: exits with the command's own code. */
export function execCommand(): Command {
  const command = withEnterFlags(new Command('exec'))
    .description('Run a command in a container')
    .argument('<pod>', 'POD or TYPE/NAME')
    .argument('<command...>', 'the command, after --')
    .action((pod: string, words: string[], options: EnterOptions) =>
      withSession(options, async (session) => {
        const entered = await findEntered(session, pod, options);
        process.exitCode = exitCodeOf(await enter(session, entered, words, options));
      }),
    );
  return withApiOptions(command, [
    'berth exec -it deployment/web -- sh',
    'berth exec web -c sidecar -- cat /etc/hosts',
    'tar c notes | berth exec -i web -- tar x -C /tmp',
  ]);
}
