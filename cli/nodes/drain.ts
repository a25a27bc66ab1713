import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { selectNodes, setUnschedulable, type NodeOptions } from './cordon.ts';
import { isGivenUp, planDrain, type DrainFlags } from './drain-plan.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix } from '../dry-run.ts';
import { parseDurationMs, parseGracePeriod, parseWhole } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { objectLabel, resourcePath } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import type { ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

interface DrainOptions extends ApiOptions, NodeOptions, DrainFlags {
  gracePeriod?: number;
  timeout: number;
  podSelector?: string;
  disableEviction?: boolean;
  skipWaitForDeleteTimeout: number;
}

const retryMs = 5000;
const pollMs = 500;

/** `berth drain node-1`: cordons nodes, then evicts their pods one node after the other. */
export function drainCommand(): Command {
  const command = new Command('drain')
    .description('Empty a node: cordon it and evict its pods')
    .argument('[node...]', 'names of nodes')
    .option('-l, --selector <labels>', 'nodes with these labels')
    .option('--ignore-daemonsets', 'leave pods of DaemonSets where they are')
    .option('--delete-emptydir-data', 'also pods whose emptyDir volumes are lost by it')
    .option('--force', 'also pods without a controller, which nobody makes again')
    .option('--grace-period <seconds>', "time for pods to stop; -1 for each pod's own", parseGracePeriod)
    .option('--timeout <duration>', 'how long to try for each node; 0 for ever', parseDurationMs, 0)
    .option('--pod-selector <labels>', 'only pods with these labels')
    .option(
      '--skip-wait-for-delete-timeout <seconds>',
      'do not wait for pods that have been ending for longer; 0 waits for all',
      parseWhole,
      0,
    )
    .option('--disable-eviction', 'delete the pods: budgets are not asked')
    .addOption(dryRunOption())
    .action((words: string[], options: DrainOptions) =>
      withSession(options, (session) => drainAll(session, words, options)),
    );
  return withApiOptions(command, [
    'berth drain node-1 --ignore-daemonsets --delete-emptydir-data',
    'berth drain node-1 --force --grace-period=10 --timeout=5m',
    'berth drain node-1 --dry-run',
  ]);
}

async function drainAll(session: Session, words: string[], options: DrainOptions): Promise<void> {
  const nodes = await selectNodes(session, words, options);
  const results = new Results(undefined);
  for (const ref of nodes) await setUnschedulable(session, ref, true, options, results);
  for (const ref of nodes) {
    try {
      await drainNode(session, ref, options);
      process.stdout.write(`${objectLabel(ref.resource, ref.name)} drained${dryRunSuffix(options)}\n`);
    } catch (error) {
      reportOne(error, `unable to drain node "${ref.name}"`);
    }
  }
}

async function drainNode(session: Session, node: ObjectRef, options: DrainOptions): Promise<void> {
  const path = resourcePath(session.names.findKind('v1', 'Pod'), undefined);
  const query = { fieldSelector: `spec.nodeName=${node.name}`, labelSelector: options.podSelector };
  const { items } = await session.client.call<{ items: Stored<Pod>[] }>('GET', path, { query });
  const waited = items.filter((pod) => !isGivenUp(pod, options.skipWaitForDeleteTimeout, Date.now()));
  const { evict, warnings, problems } = planDrain(waited, options);
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (warnings.length > 0) process.stderr.write(`Warning: ${warnings.join('; ')}\n`);
  const deadline = options.timeout === 0 ? new AbortController().signal : AbortSignal.timeout(options.timeout);
  const outcomes = await Promise.allSettled(evict.map((pod) => moveOn(session, pod, options, deadline)));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => messageOf(reason)).join('; '));
}

/** Evicts one pod and waits until it is gone. */
async function moveOn(session: Session, pod: Stored<Pod>, options: DrainOptions, deadline: AbortSignal): Promise<void> {
  const { namespace = '', name } = pod.metadata;
  try {
    await evictUntilAllowed(session, pod, options, deadline);
    if ((options.dryRun ?? 'none') !== 'none') return;
    let left: Stored<Pod> | undefined;
    while ((left = await readAgain(session, pod, deadline)) !== undefined) {
      if (isGivenUp(left, options.skipWaitForDeleteTimeout, Date.now())) return;
      await sleep(pollMs, undefined, { signal: deadline });
    }
    const done = options.disableEviction === true ? 'deleted' : 'evicted';
    process.stdout.write(`${objectLabel(session.names.findKind('v1', 'Pod'), name)} ${done}\n`);
  } catch (error) {
    const why = deadline.aborted ? `global timeout reached: ${options.timeout / 1000}s` : messageOf(error);
    throw new Error(`error when evicting pods/"${name}" -n "${namespace}": ${why}`, { cause: error });
  }
}

async function evictUntilAllowed(
  session: Session,
  pod: Stored<Pod>,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = pod.metadata;
  for (;;) {
    process.stdout.write(`evicting pod ${namespace}/${name}${dryRunSuffix(options)}\n`);
    try {
      return await requestEnd(session, pod, options, signal);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return;
      if (!hasReason(error, 'TooManyRequests') || (options.dryRun ?? 'none') !== 'none') throw error;
      const again = `will retry after ${retryMs / 1000}s`;
      process.stderr.write(`error when evicting pods/"${name}" -n "${namespace}" (${again}): ${messageOf(error)}\n`);
      await sleep(retryMs, undefined, { signal });
    }
  }
}

async function requestEnd(
  { client, names }: Session,
  { metadata: { namespace, name } }: Stored<Pod>,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const path = resourcePath(names.findKind('v1', 'Pod'), namespace, name);
  const how = { signal, query: dryRunQuery(options) };
  const deleteOptions = { gracePeriodSeconds: options.gracePeriod };
  if (options.disableEviction === true) {
    await client.call('DELETE', path, { ...how, body: { kind: 'DeleteOptions', apiVersion: 'v1', ...deleteOptions } });
    return;
  }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions };
  await client.call('POST', `${path}/eviction`, { ...how, body });
}

/** The pod as it is now; undefined when it is gone, also when another one bears its name. */
async function readAgain(
  { client, names }: Session,
  { metadata }: Stored<Pod>,
  signal: AbortSignal,
): Promise<Stored<Pod> | undefined> {
  const path = resourcePath(names.findKind('v1', 'Pod'), metadata.namespace, metadata.name);
  try {
    const found = await client.call<Stored<Pod>>('GET', path, { signal });
    return found.metadata.uid === metadata.uid ? found : undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
