import { Command, Option } from 'commander';
import { attachStarted } from './attach-started.ts';
import { collectWhole, createOne, withCreateFlags, type CreateOptions, type NewObject } from '../create/creating.ts';
import { parseWhole } from '../durations.ts';
import { parsePair } from '../key-values.ts';
import { Results } from '../print/results.ts';
import { pathOf } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface RunOptions extends CreateOptions {
  image: string;
  command?: boolean;
  env?: string[];
  labels?: string;
  port?: number;
  restart: string;
  imagePullPolicy?: string;
  attach?: boolean;
  stdin?: boolean;
  tty?: boolean;
  rm?: boolean;
  quiet?: boolean;
}

/** `berth run web --image=nginx`: one pod; with `-it` it is entered, with `--rm` removed afterwards. */
export function runCommand(): Command {
  const command = withCreateFlags(new Command('run'))
    .description('Run one pod of an image')
    .argument('<name>', 'its name')
    .argument('[words...]', 'arguments of the image’s command, after --')
    .requiredOption('--image <image>', 'the image')
    .option('--command', 'what stands after -- is the command itself')
    .option('--env <key=value>', 'a variable of its environment; may be repeated', collectWhole)
    .option('-l, --labels <labels>', 'its labels, as app=web,tier=front (default: run=NAME)')
    .option('--port <number>', 'the port that it listens on', parseWhole)
    .addOption(
      new Option('--restart <policy>', 'when it ends').choices(['Always', 'OnFailure', 'Never']).default('Always'),
    )
    .addOption(
      new Option('--image-pull-policy <policy>', 'when the image is pulled').choices([
        'Always',
        'IfNotPresent',
        'Never',
      ]),
    )
    .option('--attach', 'see what it says')
    .option('-i, --stdin', 'attach, and pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal')
    .option('--rm', 'remove it when the command ends')
    .option('-q, --quiet', 'only what the container says')
    .action((name: string, words: string[], options: RunOptions) =>
      withSession(options, (session) => run(session, name, words, options)),
    );
  return withApiOptions(command, [
    'berth run web --image=nginx:1.27 --port=80',
    'berth run try -it --rm --restart=Never --image=busybox -- sh',
    'berth run once --restart=Never --image=busybox --command -- echo done',
  ]);
}

async function run(session: Session, name: string, words: string[], options: RunOptions): Promise<void> {
  const isAttached = options.attach === true || options.stdin === true;
  if (options.rm === true && !isAttached) throw new UsageError('--rm should only be used for attached containers');
  const results = new Results(options.output);
  const pod = makePod(name, words, options);
  if (!isAttached || (options.dryRun ?? 'none') !== 'none') {
    await createOne(session, pod, options, results);
    results.finish();
    return;
  }
  await createOne(session, pod, options, new Results('json')); // what is printed is the container's
  const ref = { resource: session.names.findKind('v1', 'Pod'), namespace: session.namespace, name };
  try {
    process.exitCode = await attachStarted(session, ref, name, options);
  } finally {
    if (options.rm === true) {
      await session.client.call('DELETE', pathOf(ref));
      if (options.quiet !== true) process.stdout.write(`pod "${name}" deleted\n`);
    }
  }
}

function makePod(name: string, words: string[], options: RunOptions): NewObject {
  const {
    image,
    env = [],
    labels = `run=${name}`,
    port,
    restart: restartPolicy,
    imagePullPolicy,
    stdin,
    tty,
  } = options;
  const container = {
    name,
    image,
    ...(words.length > 0 && { [options.command === true ? 'command' : 'args']: words }),
    ...(env.length > 0 && { env: env.map(parsePair).map(([key, value]) => ({ name: key, value })) }),
    ...(port !== undefined && { ports: [{ containerPort: port }] }),
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(stdin === true && { stdin, stdinOnce: true }),
    ...(tty === true && { tty }),
  };
  const metadata = { name, labels: Object.fromEntries(labels.split(',').map(parsePair)) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], restartPolicy } };
}
