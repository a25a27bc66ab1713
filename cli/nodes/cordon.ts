import { Command } from 'commander';
import type { KubeObject, Node, Stored } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

/** Options of what acts on nodes. */
export interface NodeOptions extends ApiOptions {
  selector?: string;
  dryRun?: DryRun;
  output?: string;
}

/** `berth cordon node-1`: no new pods go there. */
export function cordonCommand(): Command {
  return command(true, 'Let no new pods onto a node');
}

/** `berth uncordon node-1`. */
export function uncordonCommand(): Command {
  return command(false, 'Let pods onto a node again');
}

function command(unschedulable: boolean, description: string): Command {
  const name = unschedulable ? 'cordon' : 'uncordon';
  const made = new Command(name)
    .description(description)
    .argument('[node...]', 'names of nodes')
    .option('-l, --selector <labels>', 'nodes with these labels')
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: NodeOptions) =>
      withSession(options, async (session) => {
        const results = new Results(options.output);
        for (const ref of await selectNodes(session, words, options)) {
          await setUnschedulable(session, ref, unschedulable, options, results).catch((e: unknown) => reportOne(e));
        }
        results.finish();
      }),
    );
  return withApiOptions(made, [`berth ${name} node-1`, `berth ${name} -l disk=ssd`]);
}

/** Nodes by their names, also as `node/node-1`, or by label. Throws UsageError when nothing says which. */
export function selectNodes(session: Session, words: readonly string[], options: NodeOptions): Promise<ObjectRef[]> {
  if (words.length === 0 && options.selector === undefined) {
    throw new UsageError('name the nodes, or choose them with -l');
  }
  return selectObjects(session, ['nodes', ...words.map((word) => word.replace(/^(nodes?|no)\//, ''))], options);
}

/** Marks a node, and says so, or that it was marked already. */
export async function setUnschedulable(
  { client }: Session,
  ref: ObjectRef,
  unschedulable: boolean,
  options: NodeOptions,
  results: Results,
): Promise<void> {
  const node = await client.call<Stored<Node>>('GET', pathOf(ref));
  const done = unschedulable ? 'cordoned' : 'uncordoned';
  if ((node.spec?.unschedulable ?? false) === unschedulable) {
    return results.add(ref.resource, ref.name, `already ${done}${dryRunSuffix(options)}`, node);
  }
  const changed = await client.call<KubeObject>('PATCH', pathOf(ref), {
    contentType: 'application/merge-patch+json',
    body: { spec: { unschedulable: unschedulable || null } },
    query: { fieldManager: 'berth-cordon', ...dryRunQuery(options) },
  });
  results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, changed);
}
