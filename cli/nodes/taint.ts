import { Command } from 'commander';
import type { KubeObject, Node, Stored, Taint } from '../../shared/objects/types.ts';
import type { NodeOptions } from './cordon.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { objectLabel } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface TaintOptions extends NodeOptions {
  all?: boolean;
  overwrite?: boolean;
}

/** What the words after the nodes ask for. */
export interface TaintChange {
  add: Taint[];
  /** Without an effect: all taints of the key. */
  remove: { key: string; effect: string | undefined }[];
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `berth taint nodes node-1 key=value:NoSchedule`, `key:NoSchedule-`, `key-`. */
export function taintCommand(): Command {
  const command = new Command('taint')
    .description('Keep pods off a node unless they tolerate it, or stop that')
    .argument('<word...>', 'nodes NAME… and KEY=VALUE:EFFECT…; KEY:EFFECT- and KEY- take taints off')
    .option('-l, --selector <labels>', 'nodes with these labels')
    .option('--all', 'all nodes')
    .option('--overwrite', 'give a taint that is there another value')
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: TaintOptions) =>
      withSession(options, (session) => taintAll(session, words, options)),
    );
  return withApiOptions(command, [
    'berth taint nodes node-1 dedicated=db:NoSchedule',
    'berth taint nodes node-1 dedicated:NoSchedule-',
    'berth taint nodes -l disk=ssd dedicated-',
  ]);
}

async function taintAll(session: Session, words: string[], options: TaintOptions): Promise<void> {
  const isChange = (word: string): boolean => word.includes(':') || word.endsWith('-');
  const change = parseTaints(words.filter(isChange));
  const nodes = await selectObjects(
    session,
    words.filter((word) => !isChange(word)),
    options,
  );
  if (nodes.some(({ resource }) => resource.kind !== 'Node')) throw new UsageError('only nodes have taints');
  const results = new Results(options.output);
  for (const ref of nodes) {
    const fail = (error: unknown): void => reportOne(error, objectLabel(ref.resource, ref.name));
    await taintOne(session, ref, change, options, results).catch(fail);
  }
  results.finish();
}

/** Reads `key=value:Effect`, `key:Effect`, `key:Effect-` and `key-`. Throws UsageError. */
export function parseTaints(words: readonly string[]): TaintChange {
  if (words.length === 0)
    throw new UsageError('name a taint, as dedicated=db:NoSchedule, or dedicated- to take it off');
  const change: TaintChange = { add: [], remove: [] };
  for (const word of words) {
    const isRemoval = word.endsWith('-');
    const [pair = '', effect, ...more] = (isRemoval ? word.slice(0, -1) : word).split(':');
    const [key = '', value, ...rest] = pair.split('=');
    const isWrong = key === '' || more.length + rest.length > 0 || (effect === undefined && !isRemoval);
    if (isWrong) throw new UsageError(`"${word}" is not KEY=VALUE:EFFECT, KEY:EFFECT-, or KEY-`);
    if (effect !== undefined && !effects.includes(effect)) {
      throw new UsageError(`invalid taint effect: ${effect}; use ${effects.join(', ')}`);
    }
    if (isRemoval) change.remove.push({ key, effect });
    else change.add.push({ key, ...(value !== undefined && { value }), effect: effect ?? '' });
  }
  return change;
}

/** A node's taints as the change leaves them, and what that is called. Throws when it cannot be made. */
export function changeTaints(
  before: readonly Taint[],
  { add, remove }: TaintChange,
  { overwrite = false } = {},
): { taints: Taint[]; done: string } {
  const isSame = (a: Taint, b: { key: string; effect?: string | undefined }): boolean =>
    a.key === b.key && (b.effect === undefined || a.effect === b.effect);
  const taken = before.filter((taint) => add.some((wanted) => isSame(taint, wanted)));
  if (taken.length > 0 && !overwrite) {
    const keys = [...new Set(taken.map(({ key }) => key))].join(', ');
    throw new Error(`already has ${keys} taint(s) with same effect(s); --overwrite changes their values`);
  }
  const absent = remove.filter((gone) => !before.some((taint) => isSame(taint, gone)));
  if (absent.length > 0) {
    const names = absent.map(({ key, effect }) => `"${key}${effect === undefined ? '' : `:${effect}`}"`);
    throw new Error(`taint ${names.join(', ')} not found`);
  }
  const kept = before.filter((taint) => ![...add, ...remove].some((each) => isSame(taint, each)));
  const isBoth = add.length > 0 && remove.length > 0;
  return {
    taints: [...add, ...kept],
    done: isBoth || overwrite ? 'modified' : add.length > 0 ? 'tainted' : 'untainted',
  };
}

async function taintOne(
  { client }: Session,
  ref: ObjectRef,
  change: TaintChange,
  options: TaintOptions,
  results: Results,
): Promise<void> {
  const { metadata, spec } = await client.call<Stored<Node>>('GET', pathOf(ref));
  const { taints, done } = changeTaints(spec?.taints ?? [], change, options);
  // The list goes as a whole: what others have added meanwhile must not be lost.
  const { resourceVersion } = metadata;
  const object = await client.call<KubeObject>('PATCH', pathOf(ref), {
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } },
    query: { fieldManager: 'berth-taint', ...dryRunQuery(options) },
  });
  results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, object);
}
