import { Command } from 'commander';
import { enter, findEntered, withEnterFlags, type Entered, type EnterOptions } from './enter.ts';
import { exitCodeOf } from './pod-session.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';

type AttachOptions = EnterOptions & { quiet?: boolean };

/** `berth attach -it pod`: sees and types into the process that a container runs already. */
export function attachCommand(): Command {
  const command = withEnterFlags(new Command('attach'))
    .description('See and type into the process that a container runs')
    .argument('<pod>', 'POD or TYPE/NAME')
    .option('-q, --quiet', 'only what the container says')
    .action((pod: string, options: AttachOptions) =>
      withSession(options, async (session) => {
        process.exitCode = await attach(session, await findEntered(session, pod, options), options);
      }),
    );
  return withApiOptions(command, [
    'berth attach web',
    'berth attach -it deployment/shell',
    'echo hello | berth attach -i reader -c main',
  ]);
}

/** Attaches until the process or the input of a terminal ends; resolves with the exit code. */
export async function attach(session: Session, entered: Entered, options: AttachOptions): Promise<number> {
  const { name, pod, container } = entered;
  const phase = pod?.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new Error(`cannot attach a container in a completed pod; current phase is ${phase}; see berth logs ${name}`);
  }
  if (options.quiet !== true && options.stdin === true) {
    process.stderr.write("If you don't see a command prompt, try pressing enter.\n");
  }
  const code = exitCodeOf(await enter(session, entered, undefined, options));
  if (
    options.quiet !== true &&
    options.stdin === true &&
    options.tty === true &&
    pod?.spec?.restartPolicy === 'Always'
  ) {
    const again = `berth attach ${name} -c ${container} -i -t`;
    process.stderr.write(`Session ended, resume using '${again}' command when the pod is running\n`);
  }
  return code;
}
