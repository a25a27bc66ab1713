import { formatColumns } from './columns.ts';

/** Text, several lines of it, or what stands below: more entries, or rows as columns. Undefined leaves the entry out. */
export type Value = string | number | boolean | undefined | string[] | { below: Sheet } | { rows: string[][] };

/** Labelled values, as `describe` shows them. */
export type Sheet = readonly (readonly [label: string, value: Value])[];

const indent = '  ';

/** A sheet as text with aligned values. */
export function formatSheet(sheet: Sheet): string {
  const entries = sheet.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...entries.filter(([, value]) => isInline(value)).map(([label]) => label.length)) + 2;
  return entries.map(([label, value]) => formatEntry(label, value, width)).join('');
}

function isInline(value: Value): boolean {
  return typeof value !== 'object' || Array.isArray(value);
}

function formatEntry(label: string, value: Value, width: number): string {
  if (typeof value === 'object' && !Array.isArray(value)) {
    const text = 'below' in value ? formatSheet(value.below) : formatColumns(value.rows);
    return text === '' ? `${label}: <none>\n` : `${label}:\n${text.replaceAll(/^(?=.)/gm, indent)}`;
  }
  const lines = (Array.isArray(value) ? value : [String(value ?? '')]).flatMap((line) => line.trimEnd().split('\n'));
  const [first = '<none>', ...others] = lines;
  const start = `${label}:`.padEnd(width);
  return [`${start} ${first}`, ...others.map((line) => `${' '.repeat(width)} ${line}`)]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** `a=b` per line, in the order of the names. */
export function pairs(map: Record<string, string> | undefined, separator = '='): string[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}${separator}${value}`);
}
