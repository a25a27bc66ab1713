import { Command, Option } from 'commander';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { parseWhole } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { callInChunks } from './chunks.ts';
import { pathOf, printTables, readTable, watchOf, type Asked, type TableOptions } from './get-table.ts';
import { parsePath } from '../print/jsonpath.ts';
import { objectFormats, outputOption, printValue } from '../print/output.ts';
import { parseTargets } from '../client/resource-names.ts';
import { namedInFiles, withFiles, type FileOptions } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { sortByPath, type Table } from '../print/table.ts';
import { UsageError } from '../usage.ts';
import { followChanges } from './watching.ts';

interface GetOptions extends ApiOptions, FileOptions, TableOptions {
  ignoreNotFound?: boolean;
  raw?: string;
  showManagedFields?: boolean;
}

type Objects = KubeObject & { items?: KubeObject[]; metadata: { resourceVersion?: string; continue?: string } };

/** `berth get`: the server's own tables, or the objects. */
export function getCommand(): Command {
  const command = withFiles(new Command('get'), 'show what these name')
    .description('Show objects')
    .argument('[type...]', 'TYPE, TYPE NAME…, TYPE/NAME… or TYPE,TYPE')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addOption(outputOption('wide', ...objectFormats))
    .option('-l, --selector <labels>', 'only objects with these labels')
    .option('--field-selector <fields>', 'only objects with these fields, as spec.nodeName=node-1')
    .option('-w, --watch', 'go on showing changes')
    .option('--watch-only', 'show changes alone')
    .option('--sort-by <path>', 'in the order of what the path leads to, as .metadata.name', parsePath)
    .option('-L, --label-columns <labels>', 'a column for each label', collectLabels)
    .option('--show-labels', 'a last column with all labels')
    .option('--show-kind', 'the type before each name')
    .option('--show-managed-fields', 'with -o json or yaml: who has set which field')
    .option('--no-headers', 'leave the headings out')
    .option('--ignore-not-found', 'an absent object is no error')
    .option('--chunk-size <count>', 'ask for so many objects at a time; 0 for all at once', parseWhole, 500)
    .addOption(new Option('--subresource <name>', 'a part of the named objects').choices(['status', 'scale', 'resize']))
    .option('--raw <path>', 'print what the server answers at this path')
    .action((words: string[], options: GetOptions) => withSession(options, (session) => get(session, words, options)));
  return withApiOptions(command, [
    'berth get pods -A -o wide',
    'berth get deployment/web -o yaml',
    "berth get pods -l app=web -o jsonpath='{.items[*].status.podIP}'",
    'berth get pods -w --field-selector spec.nodeName=node-1',
  ]);
}

function collectLabels(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), ...text.split(',')];
}

async function get(session: Session, words: string[], options: GetOptions): Promise<void> {
  if (options.raw !== undefined) return printRaw(session, options.raw);
  const asked = await readAsked(session, words, options);
  if (options.subresource !== undefined && asked.some(({ name }) => name === undefined)) {
    throw new UsageError('--subresource needs the names of objects, as deployment/web');
  }
  const isWatch = options.watch === true || options.watchOnly === true;
  if (isWatch && asked.length > 1) throw new UsageError('only one type or object can be watched');
  const [only] = asked;
  if (!isTable(options)) {
    if (isWatch && only !== undefined) return watchObjects(session, only, options);
    return printObjects(session, asked, options);
  }
  const types = Map.groupBy(asked, ({ resource }) => resource);
  let found = 0;
  for (const [, [first, ...others]] of types) {
    if (first === undefined) continue;
    const tables: Table[] = [];
    for (const each of [first, ...others]) {
      const table = await tolerant(options, () => readTable(session.client, each, options));
      if (table !== undefined) tables.push(table);
    }
    found += tables.reduce((sum, { rows }) => sum + rows.length, 0);
    await printTables(session.client, first, tables, options, types.size > 1 || options.showKind === true);
  }
  if (found > 0 || isWatch || asked.some(({ name }) => name !== undefined)) return;
  const isScoped = options.allNamespaces !== true && asked.some(({ resource }) => resource.namespaced);
  process.stderr.write(`No resources found${isScoped ? ` in ${session.namespace} namespace` : ''}.\n`);
}

function isTable({ output }: GetOptions): boolean {
  return output === undefined || output === 'wide' || output === 'name';
}

async function printRaw({ client }: Session, path: string): Promise<void> {
  const response = await client.open('GET', path, { accept: '*/*' });
  for await (const chunk of response as AsyncIterable<Buffer>) process.stdout.write(chunk);
}

async function readAsked(session: Session, words: string[], options: GetOptions): Promise<Asked[]> {
  const { names, namespace } = session;
  if (options.filename !== undefined) {
    if (words.length > 0) throw new UsageError('name objects or files, not both');
    return namedInFiles(names, namespace, options);
  }
  const targets = parseTargets(words, names);
  if (options.allNamespaces === true && targets.some(({ name }) => name !== undefined)) {
    throw new UsageError('an object cannot be named across all namespaces: use -n');
  }
  return targets.map((target) => ({ ...target, namespace: options.allNamespaces === true ? undefined : namespace }));
}

async function printObjects({ client }: Session, asked: Asked[], options: GetOptions): Promise<void> {
  const query = { labelSelector: options.selector, fieldSelector: options.fieldSelector };
  const items: KubeObject[] = [];
  for (const each of asked) {
    const object = await tolerant(options, () => {
      const path = pathOf(each, options);
      if (each.name !== undefined) return client.call<Objects>('GET', path);
      return callInChunks<Objects>(client, path, { query }, options.chunkSize);
    });
    if (object === undefined) continue;
    if (asked.length === 1 && object.items === undefined) return print(object, options);
    items.push(...(object.items ?? [object]));
  }
  if (items.length === 0 && asked.every(({ name }) => name !== undefined)) return;
  const sorted = options.sortBy === undefined ? items : sortByPath(items, options.sortBy, (item) => item);
  print({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: sorted }, options);
}

function print(value: unknown, { output, showManagedFields }: GetOptions): void {
  printValue(value, output, { managedFields: showManagedFields });
}

/** Prints each object, then each of its changes. */
async function watchObjects({ client }: Session, asked: Asked, options: GetOptions): Promise<void> {
  const { path, query } = watchOf(asked, options);
  const list = await client.call<Objects>('GET', path, { query });
  for (const item of options.watchOnly === true ? [] : (list.items ?? [])) print(item, options);
  const from = list.metadata.resourceVersion;
  await followChanges<KubeObject>(client, { path, query, from }, (object) => print(object, options));
}

/** Undefined for an absent object, which is reported unless that is allowed. */
async function tolerant<T>(options: GetOptions, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    if (options.ignoreNotFound !== true) reportOne(error);
    return undefined;
  }
}
