import { Command, Option } from 'commander';
import { attachStarted } from './attach-started.ts';
import { collectWhole, createOne, withCreateFlags, type CreateOptions, type NewObject } from '../create/creating.ts';
import { parseDurationMs, parseWhole } from '../durations.ts';
import { parsePair } from '../key-values.ts';
import { Results } from '../print/results.ts';
import { pathOf, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface RunOptions extends CreateOptions {
  image: string;
  command?: boolean;
  env?: string[];
  annotations?: string[];
  labels?: string;
  port?: number;
  expose?: boolean;
  privileged?: boolean;
  podRunningTimeout: number;
  leaveStdinOpen?: boolean;
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
    .option('--annotations <key=value>', 'an annotation; may be repeated', collectWhole)
    .option('--port <number>', 'the port that it listens on', parseWhole)
    .option('--expose', 'make a service for it too, with the port of --port')
    .option('--privileged', 'with all rights of the host')
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
    .option('--leave-stdin-open', 'the input stays open when who is attached goes')
    .option('--pod-running-timeout <duration>', 'how long to wait for its start when attached', parseDurationMs, 60_000)
    .action((name: string, words: string[], options: RunOptions) =>
      withSession(options, (session) => run(session, name, words, options)),
    );
  return withApiOptions(command, [
    'berth run web --image=nginx:1.27 --port=80 --expose',
    'berth run try -it --rm --restart=Never --image=busybox -- sh',
    'berth run once --restart=Never --image=busybox --command -- echo done',
  ]);
}

async function run(session: Session, name: string, words: string[], options: RunOptions): Promise<void> {
  const isAttached = options.attach === true || options.stdin === true;
  if (options.rm === true && !isAttached) throw new UsageError('--rm should only be used for attached containers');
  const port = options.expose === true ? options.port : undefined;
  if (options.expose === true && port === undefined) throw new UsageError('--port must be set when exposing a service');
  const isShown = !isAttached || (options.dryRun ?? 'none') !== 'none';
  const results = new Results(isShown ? options.output : 'json'); // when attached, what is printed is the container's
  const pod = makePod(name, words, options);
  await createOne(session, pod, options, results);
  if (port !== undefined) await createOne(session, makeService(pod, port, options), options, results);
  if (isShown) return results.finish();
  const ref = { resource: session.names.findKind('v1', 'Pod'), namespace: session.namespace, name };
  try {
    process.exitCode = await attachStarted(session, ref, name, options);
  } finally {
    if (options.rm === true) {
      await session.client.call('DELETE', pathOf(ref));
      if (port !== undefined) await session.client.call('DELETE', pathOf(serviceRef(session, name)));
      if (options.quiet !== true) process.stdout.write(`pod "${name}" deleted\n`);
    }
  }
}

function makePod(name: string, words: string[], options: RunOptions): NewObject {
  const {
    image,
    env = [],
    annotations,
    labels = `run=${name}`,
    port,
    restart: restartPolicy,
    imagePullPolicy,
    privileged,
    stdin,
    tty,
    leaveStdinOpen,
  } = options;
  const container = {
    name,
    image,
    ...(words.length > 0 && { [options.command === true ? 'command' : 'args']: words }),
    ...(env.length > 0 && { env: env.map(parsePair).map(([key, value]) => ({ name: key, value })) }),
    ...(port !== undefined && { ports: [{ containerPort: port }] }),
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(privileged === true && { securityContext: { privileged } }),
    ...(stdin === true && { stdin, ...(leaveStdinOpen !== true && { stdinOnce: true }) }),
    ...(tty === true && { tty }),
  };
  const metadata = {
    name,
    labels: Object.fromEntries(labels.split(',').map(parsePair)),
    ...(annotations !== undefined && { annotations: Object.fromEntries(annotations.map(parsePair)) }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], restartPolicy } };
}

/** For the pod alone; labels that were asked for are its own too, as kubectl has it. */
function makeService({ metadata: { name, labels } }: NewObject, port: number, options: RunOptions): NewObject {
  const spec = { selector: labels, ports: [{ port, protocol: 'TCP', targetPort: port }] };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...(options.labels !== undefined && { labels }) },
    spec,
  };
}

function serviceRef({ names, namespace }: Session, name: string): ObjectRef {
  return { resource: names.findKind('v1', 'Service'), namespace, name };
}
