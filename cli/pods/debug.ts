import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { attachStarted } from './attach-started.ts';
import { findPod } from './pods-of.ts';
import { pathOf } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

interface DebugOptions extends ApiOptions {
  image: string;
  container?: string;
  target?: string;
  stdin?: boolean;
  tty?: boolean;
  quiet?: boolean;
}

/** `berth debug -it web --image=busybox --target=main`: a container with tools beside those of a running pod. */
export function debugCommand(): Command {
  const command = new Command('debug')
    .description('Look into a pod with a container of tools')
    .argument('<pod>', 'POD or TYPE/NAME')
    .argument('[command...]', 'what runs instead of the image’s own command, after --')
    .requiredOption('--image <image>', 'the image with the tools')
    .option('-c, --container <name>', 'how the new container is called')
    .option('--target <name>', 'see the processes of this container')
    .option('-i, --stdin', 'attach, and pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal')
    .option('-q, --quiet', 'only what the container says')
    .action((pod: string, words: string[], options: DebugOptions) =>
      withSession(options, (session) => debug(session, pod, words, options)),
    );
  return withApiOptions(command, [
    'berth debug -it web --image=busybox --target=main',
    'berth debug deployment/web --image=busybox -c look -- ps',
  ]);
}

async function debug(session: Session, word: string, command: string[], options: DebugOptions): Promise<void> {
  const { image, target: targetContainerName, stdin, tty } = options;
  const { name: pod } = await findPod(session, word);
  const name =
    options.container ??
    `debugger-${randomInt(36 ** 5)
      .toString(36)
      .padStart(5, '0')}`;
  const isNamed = options.container !== undefined || options.quiet === true;
  if (!isNamed) process.stderr.write(`Defaulting debug container name to ${name}.\n`);
  const container = {
    name,
    image,
    ...(command.length > 0 && { command }),
    ...(targetContainerName !== undefined && { targetContainerName }),
    ...(stdin === true && { stdin }),
    ...(tty === true && { tty }),
  };
  const ref = { resource: session.names.findKind('v1', 'Pod'), namespace: session.namespace, name: pod };
  await session.client.call('PATCH', `${pathOf(ref)}/ephemeralcontainers`, {
    body: { spec: { ephemeralContainers: [container] } },
    contentType: 'application/strategic-merge-patch+json',
    query: { fieldManager: 'berth-debug', fieldValidation: 'Strict' },
  });
  if (stdin === true) process.exitCode = await attachStarted(session, ref, name, options);
}
