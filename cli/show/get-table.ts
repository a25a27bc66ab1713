import type { ApiClient } from '../client/client.ts';
import type { Path } from '../print/jsonpath.ts';
import { objectLabel, resourcePath, type Target } from '../client/resource-names.ts';
import { formatTable, sortByPath, tableAccept, type Table } from '../print/table.ts';
import { callInChunks } from './chunks.ts';
import { followChanges } from './watching.ts';

/** What one request of `get` asks for. */
export interface Asked extends Target {
  namespace: string | undefined;
}

/** How tables are asked for and look. */
export interface TableOptions {
  allNamespaces?: boolean;
  output?: string;
  selector?: string;
  fieldSelector?: string;
  watch?: boolean;
  watchOnly?: boolean;
  headers: boolean;
  showLabels?: boolean;
  showKind?: boolean;
  labelColumns?: string[];
  sortBy?: Path;
  chunkSize: number;
  subresource?: string;
}

/** URL path of what is asked for, or of a part of it, as `status`. */
export function pathOf(
  { resource, namespace, name }: Asked,
  { subresource }: Pick<TableOptions, 'subresource'>,
): string {
  return `${resourcePath(resource, namespace, name)}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Path and query that watch what is asked for: one object is watched by its name. */
export function watchOf(asked: Asked, { selector, fieldSelector }: TableOptions): { path: string; query: Query } {
  const fields = [fieldSelector, asked.name === undefined ? undefined : `metadata.name=${asked.name}`];
  const query = { labelSelector: selector, fieldSelector: fields.filter(Boolean).join(',') || undefined };
  return { path: resourcePath(asked.resource, asked.namespace), query };
}

type Query = Record<string, string | undefined>;

/** The server's table of what is asked for. */
export async function readTable(client: ApiClient, asked: Asked, options: TableOptions): Promise<Table> {
  const selection = asked.name === undefined ? watchOf(asked, options).query : {};
  const includeObject = options.sortBy === undefined ? undefined : 'Object';
  const how = { accept: tableAccept, query: { ...selection, includeObject } };
  if (asked.name !== undefined) return client.call<Table>('GET', pathOf(asked, options), how);
  return callInChunks<Table>(client, pathOf(asked, options), how, options.chunkSize);
}

/** Prints tables of one type as one, then what changes in it when that is asked for. */
export async function printTables(
  client: ApiClient,
  asked: Asked,
  tables: readonly Table[],
  options: TableOptions,
  isLabelled: boolean,
): Promise<void> {
  const [first] = tables;
  if (first === undefined) return;
  const rows = tables.flatMap((table) => table.rows);
  const sorted = options.sortBy === undefined ? rows : sortByPath(rows, options.sortBy, ({ object }) => object);
  const widths: number[] = [];
  let hasHeadings = !options.headers;
  const print = (table: Table): void => {
    if (table.rows.length === 0) return;
    process.stdout.write(formatRows(table, asked, { ...options, headers: !hasHeadings }, isLabelled, widths));
    hasHeadings = true;
  };
  if (options.watchOnly !== true) print({ ...first, rows: sorted });
  if (options.watch !== true && options.watchOnly !== true) return;
  const columns = first.columnDefinitions;
  const from = first.metadata?.resourceVersion;
  const followed = { ...watchOf(asked, options), accept: tableAccept, from };
  await followChanges<Table>(client, followed, (change) => print({ ...change, columnDefinitions: columns }));
}

function formatRows(
  table: Table,
  { resource }: Asked,
  options: TableOptions,
  isLabelled: boolean,
  widths: number[],
): string {
  if (options.output === 'name') {
    return table.rows.map(({ object }) => `${objectLabel(resource, object?.metadata?.name ?? '')}\n`).join('');
  }
  const style = {
    wide: options.output === 'wide',
    headers: options.headers,
    withNamespace: options.allNamespaces === true && resource.namespaced,
    labelColumns: options.labelColumns,
    showLabels: options.showLabels,
    ...(isLabelled && { namePrefix: objectLabel(resource, '') }),
  };
  return `${formatTable(table, style, widths)}${isLabelled && options.headers ? '\n' : ''}`;
}
