import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { parseKeyChange, splitWords, type KeyChange } from '../key-values.ts';
import { outputOption } from '../print/output.ts';
import { objectLabel } from '../client/resource-names.ts';
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
import { UsageError } from '../usage.ts';

interface LabelOptions extends ApiOptions, SelectOptions {
  overwrite?: boolean;
  list?: boolean;
  resourceVersion?: string;
  dryRun?: DryRun;
  output?: string;
}

/** Which part of the metadata is changed, and what that is called. */
interface Part {
  field: 'labels' | 'annotations';
  noun: string;
  done: string;
  undone: string;
  /** What is said when nothing had to be done. */
  kept: string;
}

/** `berth label pods web app=x tier-`. */
export function labelCommand(): Command {
  const part: Part = { field: 'labels', noun: 'label', done: 'labeled', undone: 'unlabeled', kept: 'not labeled' };
  return keyCommand('label', 'Set and remove labels', part, [
    'berth label pod web tier=front',
    'berth label pods --all tier=back --overwrite',
    'berth label pods -l app=web tier-',
    'berth label node node-1 --list',
  ]);
}

/** `berth annotate pods web note=x old-`. */
export function annotateCommand(): Command {
  const part: Part = {
    field: 'annotations',
    noun: 'annotation',
    done: 'annotated',
    undone: 'annotated',
    kept: 'annotated',
  };
  return keyCommand('annotate', 'Set and remove annotations', part, [
    "berth annotate deployment web kubernetes.io/change-cause='new picture'",
    'berth annotate pods -l app=web note-',
    'berth annotate pod web --list',
  ]);
}

function keyCommand(name: string, description: string, part: Part, examples: string[]): Command {
  const command = withSelector(withFiles(new Command(name), `${name} what these name`))
    .description(description)
    .argument('[word...]', 'TYPE NAME… or TYPE/NAME…, then KEY=VALUE… and KEY-…')
    .option('--overwrite', `change a ${part.noun} that has another value`)
    .option('--list', `show the ${part.noun}s`)
    .option('--field-selector <fields>', 'objects with these fields, as spec.nodeName=node-1')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--resource-version <version>', 'only if the object is still in this version')
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: LabelOptions) =>
      withSession(options, (session) => changeAll(session, part, words, options)),
    );
  return withApiOptions(command, examples);
}

async function changeAll(session: Session, part: Part, words: string[], options: LabelOptions): Promise<void> {
  const { targets, changes } = splitWords(words);
  if (changes.length === 0 && options.list !== true) {
    throw new UsageError(`name a ${part.noun}, as tier=front, or tier- to remove it`);
  }
  const change = parseKeyChange(changes);
  const refs = await selectObjects(session, targets, options);
  if (options.resourceVersion !== undefined && refs.length > 1) {
    throw new UsageError('--resource-version goes with one object');
  }
  const results = new Results(options.output);
  for (const ref of refs) {
    if (options.list === true && refs.length > 1) {
      process.stdout.write(`Listing ${part.field} for ${objectLabel(ref.resource, ref.name)}:\n`);
    }
    await changeOne(session, part, ref, change, options, results).catch((error: unknown) => reportOne(error));
  }
  results.finish();
}

async function changeOne(
  { client }: Session,
  part: Part,
  ref: ObjectRef,
  change: KeyChange,
  options: LabelOptions,
  results: Results,
): Promise<void> {
  let object = await client.call<KubeObject>('GET', pathOf(ref));
  if (Object.keys(change).length > 0) {
    const { effective, done } = planChange(part, ref, object.metadata[part.field] ?? {}, change, options);
    if (effective !== undefined) {
      const { resourceVersion } = options;
      object = await client.call<KubeObject>('PATCH', pathOf(ref), {
        contentType: 'application/merge-patch+json',
        body: { metadata: { ...(resourceVersion && { resourceVersion }), [part.field]: effective } },
        query: { fieldManager: `berth-${part.noun}`, ...dryRunQuery(options) },
      });
    }
    if (options.list !== true) results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, object);
  }
  if (options.list !== true) return;
  const pairs = Object.entries(object.metadata[part.field] ?? {}).map(([key, value]) => `${key}=${value}\n`);
  process.stdout.write(pairs.sort().join(''));
}

/** What of the change makes a difference; undefined when nothing does. Throws when it needs `--overwrite`. */
function planChange(
  part: Part,
  { resource, name }: ObjectRef,
  before: Record<string, string>,
  change: KeyChange,
  { overwrite }: LabelOptions,
): { effective: KeyChange | undefined; done: string } {
  const entries = Object.entries(change);
  const taken = entries.filter(([key, value]) => value !== null && (before[key] ?? value) !== value);
  if (taken.length > 0 && overwrite !== true) {
    const told = taken.map(([key]) => `'${key}' already has a value (${before[key]})`);
    throw new Error(`${objectLabel(resource, name)}: ${told.join(', ')}, and --overwrite is false`);
  }
  for (const [key, value] of entries) {
    if (value === null && before[key] === undefined) process.stderr.write(`${part.noun} "${key}" not found.\n`);
  }
  const effective = entries.filter(([key, value]) => (before[key] ?? null) !== value);
  if (effective.length === 0) return { effective: undefined, done: part.kept };
  const isRemoval = effective.some(([, value]) => value === null);
  return { effective: Object.fromEntries(effective), done: isRemoval ? part.undone : part.done };
}
