import { Command } from 'commander';
import type { Deployment, KubeObject, ReplicaSet, Stored } from '../shared/objects/types.ts';
import { formatColumns } from './output.ts';
import { objectLabel, parseTargets, resourcePath, type ServedResource } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';
import { parseDurationMs } from './wait.ts';
import { waitFor } from './watching.ts';

interface RolloutOptions extends ApiOptions {
  timeout?: string;
  toRevision?: string;
}

interface Target {
  resource: ServedResource;
  name: string;
  path: string;
}

type Verb = (session: Session, target: Target, options: RolloutOptions) => Promise<void>;

const revisionKey = 'deployment.kubernetes.io/revision';
const changeCauseKey = 'kubernetes.io/change-cause';

/** `berth rollout status|history|undo|restart|pause|resume deployment/web`. */
export function rolloutCommand(): Command {
  const rollout = new Command('rollout').description('Follow and steer the rollout of a deployment');
  const add = (name: string, description: string, verb: Verb): Command => {
    const command = withApiOptions(new Command(name))
      .description(description)
      .argument('<type...>', 'deployment NAME or deployment/NAME')
      .action((words: string[], options: RolloutOptions) =>
        withSession(options, async (session) => {
          for (const target of targets(session, words)) await verb(session, target, options);
        }),
      );
    rollout.addCommand(command);
    return command;
  };
  add('status', 'Wait until the newest revision is out', status).option('--timeout <duration>', 'how long', '10m');
  add('history', 'List the revisions', history);
  add('undo', 'Go back to an earlier revision', undo).option(
    '--to-revision <number>',
    'which one; the one before by default',
  );
  add('restart', 'Replace all pods, step by step', restart);
  add('pause', 'Stop rolling out changes', (session, target) => setPaused(session, target, true));
  add('resume', 'Go on rolling out changes', (session, target) => setPaused(session, target, false));
  return rollout;
}

function targets({ names, namespace }: Session, words: string[]): Target[] {
  return parseTargets(words, names).map(({ resource, name }) => {
    if (name === undefined || resource.kind !== 'Deployment')
      throw new UsageError('name a deployment, as deployment/web');
    return { resource, name, path: resourcePath(resource, namespace, name) };
  });
}

async function status(
  session: Session,
  { resource, name }: Target,
  { timeout = '10m' }: RolloutOptions,
): Promise<void> {
  let last = '';
  await waitFor(
    session,
    { resource, namespace: session.namespace, name },
    'the rollout',
    parseDurationMs(timeout),
    (object) => {
      if (object === undefined) throw new Error(`${objectLabel(resource, name)} not found`);
      const { done, message } = describeRollout(object as Stored<Deployment>);
      if (message !== last) process.stdout.write(`${message}\n`);
      last = message;
      return done;
    },
  );
}

function describeRollout({ metadata, spec, status = {} }: Stored<Deployment>): { done: boolean; message: string } {
  const waiting = (text: string): { done: boolean; message: string } => ({
    done: false,
    message: `Waiting for deployment "${metadata.name}" rollout to finish: ${text}...`,
  });
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return waiting('the change is not observed yet');
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new Error(`deployment "${metadata.name}" exceeded its progress deadline`);
  }
  const wanted = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  if (updatedReplicas < wanted) return waiting(`${updatedReplicas} out of ${wanted} new replicas have been updated`);
  if (replicas > updatedReplicas) return waiting(`${replicas - updatedReplicas} old replicas are pending termination`);
  if (availableReplicas < updatedReplicas) {
    return waiting(`${availableReplicas} of ${updatedReplicas} updated replicas are available`);
  }
  return { done: true, message: `deployment "${metadata.name}" successfully rolled out` };
}

async function revisions({ client, names, namespace }: Session, { path }: Target): Promise<Stored<ReplicaSet>[]> {
  const owner = await client.call<KubeObject>('GET', path);
  const list = await client.call<{ items: Stored<ReplicaSet>[] }>(
    'GET',
    resourcePath(names.findKind('apps/v1', 'ReplicaSet'), namespace),
  );
  return list.items
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid),
    )
    .sort((a, b) => revisionOf(a) - revisionOf(b));
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[revisionKey] ?? 0);
}

async function history(session: Session, target: Target): Promise<void> {
  const rows = (await revisions(session, target)).map((set) => [
    String(revisionOf(set)),
    set.metadata.annotations?.[changeCauseKey] ?? '<none>',
  ]);
  process.stdout.write(
    `${objectLabel(target.resource, target.name)}\n${formatColumns([['REVISION', 'CHANGE-CAUSE'], ...rows])}`,
  );
}

async function undo(session: Session, target: Target, { toRevision }: RolloutOptions): Promise<void> {
  const sets = await revisions(session, target);
  const wanted =
    toRevision === undefined || toRevision === '0'
      ? sets.at(-2)
      : sets.find((set) => revisionOf(set) === Number(toRevision));
  if (wanted === undefined) {
    throw new Error(
      toRevision === undefined
        ? 'no revision to go back to'
        : `there is no revision ${toRevision}; see berth rollout history`,
    );
  }
  const { 'pod-template-hash': _hash, ...labels } = wanted.spec?.template?.metadata?.labels ?? {};
  const template = { ...wanted.spec?.template, metadata: { ...wanted.spec?.template?.metadata, labels } };
  await session.client.call('PATCH', target.path, {
    contentType: 'application/json-patch+json',
    body: [{ op: 'replace', path: '/spec/template', value: template }],
    query: { fieldManager: 'berth-rollout' },
  });
  process.stdout.write(`${objectLabel(target.resource, target.name)} rolled back\n`);
}

async function restart(session: Session, target: Target): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await mergePatch(session, target, { spec: { template: { metadata: { annotations } } } });
  process.stdout.write(`${objectLabel(target.resource, target.name)} restarted\n`);
}

async function setPaused(session: Session, target: Target, paused: boolean): Promise<void> {
  await mergePatch(session, target, { spec: { paused: paused ? true : null } });
  process.stdout.write(`${objectLabel(target.resource, target.name)} ${paused ? 'paused' : 'resumed'}\n`);
}

async function mergePatch({ client }: Session, { path }: Target, body: unknown): Promise<void> {
  await client.call('PATCH', path, {
    contentType: 'application/merge-patch+json',
    body,
    query: { fieldManager: 'berth-rollout' },
  });
}
