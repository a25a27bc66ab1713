import { Command, Option } from 'commander';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { parseDurationMs, parseGracePeriod } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { Results } from '../print/results.ts';
import {
  pathOf,
  selectObjects,
  withFiles,
  withSelector,
  type ObjectRef,
  type SelectOptions,
} from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { waitFor } from '../show/watching.ts';

interface DeleteOptions extends ApiOptions, SelectOptions {
  gracePeriod?: number;
  now?: boolean;
  force?: boolean;
  wait: boolean;
  timeout: number;
  cascade: string;
  ignoreNotFound?: boolean;
  dryRun?: DryRun;
  output?: string;
}

const propagation: Record<string, string> = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' };

/** `berth delete`: by name, by label, all of a type, or what manifests name; waits until they are gone. */
export function deleteCommand(): Command {
  const command = withSelector(withFiles(new Command('delete'), 'delete what these name'))
    .description('Delete objects and wait until they are gone')
    .argument('[type...]', 'TYPE NAME…, TYPE/NAME…, or TYPE with -l or --all')
    .option('--field-selector <fields>', 'objects with these fields, as status.phase=Failed')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--grace-period <seconds>', 'time for pods to stop; -1 for their own', parseGracePeriod)
    .option('--now', 'a grace period of 1 second')
    .option('--force', 'remove at once, without waiting for the node')
    .addOption(
      new Option('--cascade [how]', 'what becomes of what they own')
        .choices(Object.keys(propagation))
        .preset('background')
        .default('background'),
    )
    .option('--wait', 'wait until they are gone', true)
    .option('--no-wait', 'do not wait until they are gone')
    .option('--timeout <duration>', 'how long to wait for each', parseDurationMs, 120_000)
    .option('--ignore-not-found', 'an absent object is no error')
    .addOption(dryRunOption())
    .addOption(outputOption('name', 'json', 'yaml'))
    .action((words: string[], options: DeleteOptions) =>
      withSession(options, (session) => remove(session, words, options)),
    );
  return withApiOptions(command, [
    'berth delete pod web',
    'berth delete -f web.yaml',
    'berth delete deployments -l app=web',
  ]);
}

async function remove(session: Session, words: string[], options: DeleteOptions): Promise<void> {
  const selected = await selectObjects(session, words, options);
  const doomed = options.filename === undefined ? selected : selected.toReversed();
  if (doomed.length === 0) process.stderr.write('No resources found.\n');
  const results = new Results(options.output);
  const waiting: { ref: ObjectRef; uid: string | undefined }[] = [];
  for (const ref of doomed) {
    try {
      waiting.push({ ref, uid: await removeOne(session, ref, options, results) });
    } catch (error) {
      if (options.ignoreNotFound !== true || !hasReason(error, 'NotFound')) reportOne(error);
    }
  }
  for (const { ref, uid } of isWaiting(options) ? waiting : []) {
    const isGone = (object: KubeObject | undefined): boolean => object === undefined || object.metadata.uid !== uid;
    await waitFor(session, ref, 'deletion', options.timeout, isGone);
  }
  results.finish();
}

function isWaiting({ wait, dryRun = 'none' }: DeleteOptions): boolean {
  return wait && dryRun === 'none';
}

/** The object as its deletion left it, or what the server says of it when it is gone. */
type Removed = KubeObject & { details?: { uid?: string } };

/** Resolves with the uid, since another object may bear the name soon. */
async function removeOne(
  { client }: Session,
  ref: ObjectRef,
  options: DeleteOptions,
  results: Results,
): Promise<string | undefined> {
  const gracePeriodSeconds = options.force === true ? 0 : options.now === true ? 1 : options.gracePeriod;
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: propagation[options.cascade],
    gracePeriodSeconds,
  };
  const removed = await client.call<Removed>('DELETE', pathOf(ref), { body, query: dryRunQuery(options) });
  results.add(ref.resource, ref.name, `deleted${dryRunSuffix(options)}`, removed);
  return removed.metadata.uid ?? removed.details?.uid;
}
