import { Command } from 'commander';
import type { Deployment, Stored } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { parseDurationMs, parseWhole } from '../durations.ts';
import { formatExamples } from '../examples.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { objectLabel, parseTargets } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { showHistory, undoRollout } from './rollout-history.ts';
import {
  namedInFiles,
  pathOf,
  requireNames,
  selectObjects,
  withFiles,
  type ObjectRef,
  type SelectOptions,
} from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { waitFor } from '../show/watching.ts';

export interface RolloutOptions extends ApiOptions, SelectOptions {
  timeout: number;
  watch: boolean;
  revision?: number;
  toRevision?: number;
  dryRun?: DryRun;
  output?: string;
}

type Verb = (session: Session, ref: ObjectRef, options: RolloutOptions, results: Results) => Promise<void>;

/** Kinds that have rollouts in Kubernetes. */
const storedOnly: ReadonlySet<string> = new Set(['StatefulSet', 'DaemonSet']);

const formats = ['json', 'yaml', 'name', 'jsonpath=…'];

/** `berth rollout status|history|undo|restart|pause|resume deployment/web`. */
export function rolloutCommand(): Command {
  const rollout = new Command('rollout')
    .description('Follow and steer the rollout of a deployment')
    .addHelpText('after', formatExamples(['berth rollout status deployment/web', 'berth rollout undo deployment/web']));
  const add = (name: string, description: string, verb: Verb, examples: string[] = []): Command => {
    const command = withFiles(new Command(name), 'of what these name')
      .description(description)
      .argument('[type...]', 'deployment NAME… or deployment/NAME…')
      .option('-l, --selector <labels>', 'of the deployments with these labels')
      .addOption(outputOption(...formats))
      .action((words: string[], options: RolloutOptions) =>
        withSession(options, (session) => forEach(session, words, options, verb)),
      );
    rollout.addCommand(withApiOptions(command, [`berth rollout ${name} deployment/web`, ...examples]));
    return command;
  };
  add('status', 'Wait until the newest revision is out', status, ['berth rollout status deployment/web --timeout 2m'])
    .option('--timeout <duration>', 'how long', parseDurationMs, 600_000)
    .option('--revision <number>', 'fail when another revision is rolled out', parseWhole)
    .option('-w, --watch', 'wait; =false: look once', true);
  add('history', 'List the revisions, or show one', showHistory, [
    'berth rollout history deployment/web --revision=2',
  ]).option('--revision <number>', 'show the pod template of this one', parseWhole);
  add('undo', 'Go back to an earlier revision', undo, ['berth rollout undo deployment/web --to-revision=2'])
    .option('--to-revision <number>', 'which one; the one before by default', parseWhole)
    .addOption(dryRunOption());
  add('restart', 'Replace all pods, step by step', restart);
  add('pause', 'Stop rolling out changes', (...all) => setPaused(true, ...all));
  add('resume', 'Go on rolling out changes', (...all) => setPaused(false, ...all));
  return rollout;
}

async function forEach(session: Session, words: string[], options: RolloutOptions, verb: Verb): Promise<void> {
  const isDeployment = ({ resource }: ObjectRef): boolean => resource.kind === 'Deployment';
  const named = await namedRollouts(session, words, options);
  const refs = named.filter(isDeployment);
  const idle = named.find(({ resource }) => storedOnly.has(resource.kind));
  if (idle !== undefined && refs.length === 0) {
    throw new UsageError(`nothing runs a ${idle.resource.kind} yet: it is stored, and has no rollout`);
  }
  const other = options.filename === undefined ? named.find((ref) => !isDeployment(ref)) : undefined;
  if (other !== undefined) throw new UsageError(`a ${other.resource.singular} has no rollout: name a deployment`);
  if (refs.length === 0) throw new UsageError('there is no deployment in these files');
  const results = new Results(options.output);
  for (const ref of refs) {
    if (refs.length === 1) await verb(session, ref, options, results);
    else await verb(session, ref, options, results).catch((error: unknown) => reportOne(error));
  }
  results.finish();
}

function namedRollouts(session: Session, words: string[], options: RolloutOptions): Promise<ObjectRef[]> {
  const { names, namespace } = session;
  if (options.selector !== undefined) return selectObjects(session, words, options);
  if (options.filename !== undefined) return namedInFiles(names, namespace, options);
  return Promise.resolve(requireNames(parseTargets(words, names)).map((target) => ({ ...target, namespace })));
}

async function status(session: Session, ref: ObjectRef, options: RolloutOptions, results: Results): Promise<void> {
  const label = objectLabel(ref.resource, ref.name);
  const isOnce = !options.watch;
  let last = '';
  let seen: Stored<Deployment> | undefined;
  await waitFor(session, ref, 'the rollout', options.timeout, (object) => {
    if (object === undefined) throw new Error(`${label} not found`);
    seen = object as Stored<Deployment>;
    requireRevision(seen, options.revision);
    const { done, message } = describeRollout(seen);
    if (message !== last && options.output === undefined) process.stdout.write(`${message}\n`);
    last = message;
    return done || isOnce;
  });
  if (options.output !== undefined && seen !== undefined) results.add(ref.resource, ref.name, '', seen);
}

function requireRevision({ metadata }: Stored<Deployment>, wanted: number | undefined): void {
  const running = metadata.annotations?.['deployment.kubernetes.io/revision'];
  if (wanted === undefined || wanted === 0 || running === undefined || Number(running) === wanted) return;
  throw new Error(`desired revision (${wanted}) is different from the running revision (${running})`);
}

function describeRollout({ metadata, spec, status = {} }: Stored<Deployment>): { done: boolean; message: string } {
  const waiting = (text: string): { done: boolean; message: string } => ({
    done: false,
    message: `Waiting for deployment "${metadata.name}" rollout to finish: ${text}...`,
  });
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return waiting('the change is not observed yet');
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new Error(`deployment "${metadata.name}" exceeded its progress deadline; see berth describe`);
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

async function undo(session: Session, ref: ObjectRef, options: RolloutOptions, results: Results): Promise<void> {
  const { done, object } = await undoRollout(session, ref, options.toRevision, dryRunQuery(options));
  results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, object);
}

async function restart(session: Session, ref: ObjectRef, _options: RolloutOptions, results: Results): Promise<void> {
  const path = pathOf(ref);
  const { spec } = await session.client.call<Stored<Deployment>>('GET', path);
  if (spec?.paused === true) {
    throw new Error(`${objectLabel(ref.resource, ref.name)} is paused: run berth rollout resume first`);
  }
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  const body = { spec: { template: { metadata: { annotations } } } };
  results.add(ref.resource, ref.name, 'restarted', await mergePatch(session, ref, body));
}

async function setPaused(
  paused: boolean,
  session: Session,
  ref: ObjectRef,
  _options: RolloutOptions,
  results: Results,
): Promise<void> {
  const { spec } = await session.client.call<Stored<Deployment>>('GET', pathOf(ref));
  if ((spec?.paused ?? false) === paused) {
    throw new Error(`${objectLabel(ref.resource, ref.name)} is ${paused ? 'paused already' : 'not paused'}`);
  }
  const changed = await mergePatch(session, ref, { spec: { paused: paused ? true : null } });
  results.add(ref.resource, ref.name, paused ? 'paused' : 'resumed', changed);
}

function mergePatch({ client }: Session, ref: ObjectRef, body: unknown): Promise<Stored<Deployment>> {
  const query = { fieldManager: 'berth-rollout' };
  return client.call('PATCH', pathOf(ref), { contentType: 'application/merge-patch+json', body, query });
}
