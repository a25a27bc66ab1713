import { Command, Option } from 'commander';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { attachStarted } from './attach-started.ts';
import { copyPod } from './debug-copy.ts';
import {
  debugContainer,
  debugContainerName,
  openHost,
  profiles,
  randomSuffix,
  type DebugOptions,
} from './debug-container.ts';
import { findPod, type MeantPod } from './pods-of.ts';
import { parseTargets, resourcePath } from '../client/resource-names.ts';
import { pathOf, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { collect, collectWhole, createOne, type NewObject } from '../create/creating.ts';
import { Results } from '../print/results.ts';
import { UsageError } from '../usage.ts';

/** `berth debug -it web --image=busybox --target=main`: tools in a running pod, in a copy of it, or on a node. */
export function debugCommand(): Command {
  const command = new Command('debug')
    .description('Look into a pod, a copy of it, or a node, with tools')
    .argument('<pod>', 'POD, TYPE/NAME or node/NAME')
    .argument('[command...]', 'what runs instead of the image’s own command, after --')
    .option('--image <image>', 'the image with the tools')
    .option('-c, --container <name>', 'how the new container is called; with --copy-to also one that is to change')
    .option('--target <name>', 'see the processes of this container of the running pod')
    .option('-i, --stdin', 'attach, and pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal')
    .option('--attach', 'see what the container says')
    .option('-q, --quiet', 'only what the container says')
    .option('--env <key=value>', 'a variable of its environment; may be repeated', collectWhole)
    .option('--arguments-only', 'what stands after -- are arguments of the image’s command')
    .addOption(pullPolicyOption())
    .addOption(new Option('--profile <name>', 'what the container may do').choices(profiles).default('general'));
  addCopyFlags(command).action((word: string, words: string[], options: DebugOptions) => {
    checkUse(options);
    return withSession(options, (session) => debug(session, word, words, options));
  });
  return withApiOptions(command, [
    'berth debug -it web --image=busybox --target=main',
    'berth debug -it web --image=busybox --copy-to=web-debug',
    'berth debug -it web --copy-to=web-debug -c main -- sh',
    "berth debug web --copy-to=web-debug --set-image='*=busybox'",
    'berth debug -it node/node-1 --image=busybox -- chroot /host',
  ]);
}

/** `--image-pull-policy`. */
function pullPolicyOption(): Option {
  return new Option('--image-pull-policy <policy>', 'when it is pulled').choices(['Always', 'IfNotPresent', 'Never']);
}

function addCopyFlags(command: Command): Command {
  const flags: [string, string][] = [
    ['--copy-to <name>', 'leave the pod alone, and debug a copy with this name'],
    ['--replace', 'delete the pod that is copied'],
    ['--same-node', 'on the node of the pod'],
    ['--keep-labels', 'with its labels: services and controllers may take the copy for one of theirs'],
    ['--keep-annotations', 'with its annotations'],
    ['--keep-liveness', 'with its liveness probes'],
    ['--keep-readiness', 'with its readiness probes'],
    ['--keep-startup', 'with its startup probes'],
  ];
  const copy = (flag: string, description: string): Option => new Option(flag, description).helpGroup('A copy:');
  for (const [flag, description] of flags) command.addOption(copy(flag, description));
  return command
    .addOption(copy('--set-image <name=image>', 'other images, * for all containers').argParser(collect))
    .addOption(copy('--share-processes', 'its containers see each other’s processes; =false: they do not'))
    .addOption(copy('--keep-init-containers', 'with its init containers; =false: without (default: true)'));
}

/** What can be told before anybody is asked. Throws UsageError. */
function checkUse({ copyTo, replace, sameNode, setImage, target, image, stdin, tty }: DebugOptions): void {
  const needCopy = { replace, 'same-node': sameNode, 'set-image': setImage };
  const [alone] = Object.entries(needCopy).find(([, value]) => value !== undefined) ?? [];
  if (copyTo === undefined && alone !== undefined) throw new UsageError(`--${alone} may only be used with --copy-to`);
  if (copyTo === undefined && image === undefined) {
    throw new UsageError('name the image with the tools, as --image=busybox, or a copy with --copy-to');
  }
  if (copyTo !== undefined && target !== undefined) {
    throw new UsageError('--target is incompatible with --copy-to: use --share-processes instead');
  }
  if (tty === true && stdin !== true) throw new UsageError('-t needs -i, as -it');
}

async function debug(session: Session, word: string, words: string[], options: DebugOptions): Promise<void> {
  const [target] = word.includes('/') ? parseTargets([word], session.names) : [];
  if (target?.resource.kind === 'Node') return debugNode(session, target.name ?? '', words, options);
  const { name, pod } = await findPod(session, word);
  if (options.copyTo !== undefined) return debugCopy(session, name, options.copyTo, words, options);
  return debugRunning(session, { name, pod }, words, options);
}

async function debugRunning(
  session: Session,
  { name: podName, pod }: MeantPod,
  words: string[],
  options: DebugOptions,
): Promise<void> {
  const name = debugContainerName(options);
  const container = { ...debugContainer({ name }, words, options), targetContainerName: options.target };
  const ref = podRef(session, podName);
  const order = [...(pod?.spec?.ephemeralContainers ?? []), container].map((each) => ({ name: each.name }));
  await session.client.call('PATCH', `${pathOf(ref)}/ephemeralcontainers`, {
    body: { spec: { ephemeralContainers: [container], '$setElementOrder/ephemeralContainers': order } },
    contentType: 'application/strategic-merge-patch+json',
    query: { fieldManager: 'berth-debug', fieldValidation: 'Strict' },
  });
  await attachIfAsked(session, ref, name, options);
}

async function debugCopy(
  session: Session,
  name: string,
  copyTo: string,
  words: string[],
  options: DebugOptions,
): Promise<void> {
  const ref = podRef(session, name);
  const pod = await session.client.call<Stored<Pod>>('GET', pathOf(ref));
  const { pod: copy, container } = copyPod(pod, copyTo, words, options);
  if (options.replace === true) {
    if (copyTo !== name) await createOne(session, copy, { dryRun: 'server' }, new Results('json')); // else both are lost
    await session.client.call('DELETE', pathOf(ref), { query: { gracePeriodSeconds: '0' } });
  }
  await create(session, copy);
  if (container !== undefined) await attachIfAsked(session, podRef(session, copyTo), container, options);
}

async function debugNode(session: Session, node: string, words: string[], options: DebugOptions): Promise<void> {
  await session.client.call('GET', resourcePath(session.names.findKind('v1', 'Node'), undefined, node));
  const container = debugContainer({ name: options.container ?? 'debugger' }, words, options);
  const name = `node-debugger-${node}-${randomSuffix()}`;
  if (options.quiet !== true) {
    process.stdout.write(`Creating debugging pod ${name} with container ${container.name} on node ${node}.\n`);
  }
  await create(session, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'berth-debug' } },
    spec: {
      ...openHost(options.profile, container),
      nodeName: node,
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
    },
  });
  await attachIfAsked(session, podRef(session, name), container.name, options);
}

async function create(session: Session, pod: NewObject): Promise<void> {
  await createOne(session, pod, {}, new Results('json')); // what is printed is the container's
}

function podRef({ names, namespace }: Session, name: string): ObjectRef {
  return { resource: names.findKind('v1', 'Pod'), namespace, name };
}

async function attachIfAsked(session: Session, ref: ObjectRef, name: string, options: DebugOptions): Promise<void> {
  if (options.attach !== true && options.stdin !== true) return;
  process.exitCode = await attachStarted(session, ref, name, options);
}
