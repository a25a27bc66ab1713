import { stringify } from 'yaml';
import { UsageError } from './usage.ts';

export const outputFormats = ['json', 'yaml', 'name', 'wide'] as const;

/** A meta.k8s.io/v1 Table, as the server renders it. */
export interface Table {
  kind: 'Table';
  columnDefinitions: { name: string; priority?: number }[];
  rows: {
    cells: (string | number | boolean | null)[];
    object?: { metadata?: { name?: string; namespace?: string } };
  }[];
  metadata?: { resourceVersion?: string; continue?: string };
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** Prints a value as `-o json|yaml` asks. */
export function printValue(value: unknown, format: string): void {
  if (format === 'json') process.stdout.write(`${JSON.stringify(value, null, 4)}\n`);
  else if (format === 'yaml') process.stdout.write(stringify(value, { lineWidth: 0 }));
  else throw new UsageError(`unknown output format "${format}": use json or yaml`);
}

export interface TableStyle {
  wide?: boolean;
  headers?: boolean;
  withNamespace?: boolean;
}

/** A server's table as text: columns three spaces apart, padded to the widest cell. */
export function formatTable(table: Table, { wide = false, headers = true, withNamespace = false }: TableStyle): string {
  const shown = table.columnDefinitions.map(({ priority = 0 }) => wide || priority === 0);
  const pick = <T>(cells: readonly T[]): T[] => cells.filter((_cell, index) => shown[index]);
  const lead = (text: string): string[] => (withNamespace ? [text] : []);
  const lines = table.rows.map(({ cells, object }) => [
    ...lead(object?.metadata?.namespace ?? ''),
    ...pick(cells).map((cell) => String(cell ?? '<none>')),
  ]);
  if (headers)
    lines.unshift([...lead('NAMESPACE'), ...pick(table.columnDefinitions).map(({ name }) => name.toUpperCase())]);
  return formatColumns(lines);
}

/** Rows as aligned columns, with a line end each; '' for no rows. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3))).join(''),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
