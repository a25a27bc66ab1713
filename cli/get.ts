import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { hasReason, messageOf } from '../shared/errors.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import { formatTable, outputFormats, printValue, tableAccept, type Table } from './output.ts';
import { objectLabel, parseTargets, resourcePath, type Target } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';

interface GetOptions extends ApiOptions {
  output?: string;
  selector?: string;
  fieldSelector?: string;
  watch?: boolean;
  headers: boolean;
  ignoreNotFound?: boolean;
}

type Objects = KubeObject & { items?: KubeObject[]; metadata: { resourceVersion?: string } };

/** `berth get`: the server's own tables, or the objects. */
export function getCommand(): Command {
  return withApiOptions(new Command('get'))
    .description('Show objects: berth get pods, berth get deployment/web -o yaml')
    .argument('<type...>', 'TYPE, TYPE NAME…, TYPE/NAME… or TYPE,TYPE')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-o, --output <format>', outputFormats.join(', '))
    .option('-l, --selector <labels>', 'only objects with these labels')
    .option('--field-selector <fields>', 'only objects with these fields, as spec.nodeName=node-1')
    .option('-w, --watch', 'go on showing changes')
    .option('--no-headers', 'leave the headings out')
    .option('--ignore-not-found', 'an absent object is no error')
    .action((words: string[], options: GetOptions) => withSession(options, (session) => get(session, words, options)));
}

async function get(session: Session, words: string[], options: GetOptions): Promise<void> {
  if (options.output !== undefined && !(outputFormats as readonly string[]).includes(options.output)) {
    throw new UsageError(`unknown output format "${options.output}": use ${outputFormats.join(', ')}`);
  }
  const targets = parseTargets(words, session.names);
  if (options.watch === true && targets.length > 1) throw new UsageError('only one type or object can be watched');
  if (options.output === 'json' || options.output === 'yaml') return printObjects(session, targets, options);
  let found = 0;
  for (const target of targets) {
    const printed = await withTolerance(options, () => printTarget(session, target, options, targets.length > 1));
    found += printed ?? 0;
  }
  if (found === 0 && targets.every(({ name }) => name === undefined) && options.watch !== true) {
    const where = options.allNamespaces === true ? '' : ` in ${session.namespace} namespace`;
    process.stderr.write(`No resources found${targets.some(({ resource }) => resource.namespaced) ? where : ''}.\n`);
  }
}

function pathOf({ namespace }: Session, { resource, name }: Target, options: GetOptions): string {
  return resourcePath(resource, options.allNamespaces === true ? undefined : namespace, name);
}

async function printObjects(session: Session, targets: Target[], options: GetOptions): Promise<void> {
  const items: KubeObject[] = [];
  for (const target of targets) {
    const query = { labelSelector: options.selector, fieldSelector: options.fieldSelector };
    const object = await withTolerance(options, () =>
      session.client.call<Objects>('GET', pathOf(session, target, options), { query }),
    );
    if (object === undefined) continue;
    if (targets.length === 1) return printValue(object, options.output ?? 'json');
    items.push(...(object.items ?? [object]));
  }
  printValue({ apiVersion: 'v1', kind: 'List', items }, options.output ?? 'json');
}

async function printTarget(session: Session, target: Target, options: GetOptions, labelled: boolean): Promise<number> {
  const path = pathOf(session, target, options);
  const query = { labelSelector: options.selector, fieldSelector: options.fieldSelector };
  const table = await session.client.call<Table>('GET', path, { accept: tableAccept, query });
  print(table, target, options, options.headers, labelled);
  if (options.watch === true) await follow(session, target, options, table.metadata?.resourceVersion);
  return table.rows.length;
}

async function follow(session: Session, target: Target, options: GetOptions, from: string | undefined): Promise<void> {
  const fields = [options.fieldSelector, target.name === undefined ? undefined : `metadata.name=${target.name}`];
  const response = await session.client.open('GET', pathOf(session, { resource: target.resource }, options), {
    accept: tableAccept,
    query: {
      watch: 'true',
      resourceVersion: from,
      labelSelector: options.selector,
      fieldSelector: fields.filter(Boolean).join(',') || undefined,
    },
  });
  let columns: Table['columnDefinitions'] = [];
  for await (const line of createInterface({ input: response })) {
    const { type, object } = JSON.parse(line) as { type: string; object: Table & { message?: string } };
    if (type === 'ERROR') throw new Error(object.message ?? 'the watch failed');
    columns = object.columnDefinitions?.length > 0 ? object.columnDefinitions : columns;
    print({ ...object, columnDefinitions: columns }, target, options, false, false);
  }
}

function print(table: Table, { resource }: Target, options: GetOptions, headers: boolean, labelled: boolean): void {
  if (options.output === 'name') {
    for (const { object } of table.rows)
      process.stdout.write(`${objectLabel(resource, object?.metadata?.name ?? '')}\n`);
    return;
  }
  if (table.rows.length === 0) return;
  const withNamespace = options.allNamespaces === true && resource.namespaced;
  const text = formatTable(table, { wide: options.output === 'wide', headers, withNamespace });
  process.stdout.write(labelled ? `# ${resource.plural}\n${text}\n` : text);
}

async function withTolerance<T>(options: GetOptions, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    if (options.ignoreNotFound !== true) {
      process.stderr.write(`Error from server (NotFound): ${messageOf(error)}\n`);
      process.exitCode = 1;
    }
    return undefined;
  }
}
