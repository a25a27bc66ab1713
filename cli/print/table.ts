import { formatColumns } from './columns.ts';
import { showValue, valuesAt, type Path } from './jsonpath.ts';

/** A meta.k8s.io/v1 Table, as the server renders it. */
export interface Table {
  kind: 'Table';
  columnDefinitions: { name: string; priority?: number }[];
  rows: Row[];
  metadata?: { resourceVersion?: string; continue?: string };
}

interface Row {
  cells: (string | number | boolean | null)[];
  object?: { metadata?: { name?: string; namespace?: string; labels?: Record<string, string> } };
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableStyle {
  wide?: boolean;
  headers?: boolean;
  withNamespace?: boolean;
  /** A column at the end for each of these labels. */
  labelColumns?: readonly string[];
  /** A last column with all labels. */
  showLabels?: boolean;
  /** Comes before the name, as in `pod/web`. */
  namePrefix?: string;
}

/** A server's table as text: columns three spaces apart, padded to the widest cell, also of earlier rows. */
export function formatTable(table: Table, style: TableStyle, widths: number[] = []): string {
  const { wide = false, headers = true, withNamespace = false, labelColumns = [], showLabels = false } = style;
  const shown = table.columnDefinitions.map(({ priority = 0 }) => wide || priority === 0);
  const pick = <T>(cells: readonly T[]): T[] => cells.filter((_cell, index) => shown[index]);
  const lines = table.rows.map(({ cells, object: { metadata = {} } = {} }) => [
    ...(withNamespace ? [metadata.namespace ?? ''] : []),
    ...withPrefix(
      pick(cells).map((cell) => String(cell ?? '<none>')),
      style.namePrefix,
    ),
    ...labelColumns.map((label) => metadata.labels?.[label] ?? ''),
    ...(showLabels ? [formatLabels(metadata.labels)] : []),
  ]);
  const headings = [
    ...(withNamespace ? ['NAMESPACE'] : []),
    ...pick(table.columnDefinitions).map(({ name }) => name.toUpperCase()),
    ...labelColumns.map((label) => label.slice(label.lastIndexOf('/') + 1).toUpperCase()),
    ...(showLabels ? ['LABELS'] : []),
  ];
  return formatColumns(headers ? [headings, ...lines] : lines, widths);
}

function withPrefix([name = '', ...cells]: string[], prefix = ''): string[] {
  return [`${prefix}${name}`, ...cells];
}

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(labels: Record<string, string> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}

/** Sorts by what the path leads to in each object: numbers as numbers, anything else as text; absent first. */
export function sortByPath<T>(items: readonly T[], path: Path, objectOf: (item: T) => unknown): T[] {
  const keyed = items.map((item) => ({ item, key: valuesAt(objectOf(item), path)[0] }));
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ item }) => item);
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [showValue(a), showValue(b)];
  return left < right ? -1 : Number(left > right);
}
