import { humanDuration } from '../../shared/age.ts';

/** Rows as aligned columns, with a line end each; '' for no rows. `widths` are those of earlier rows, and are kept. */
export function formatColumns(rows: readonly (readonly string[])[], widths: number[] = []): string {
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3))).join(''),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** How long since a time, as `get` says it; '' when it is not known. */
export function formatAge(since: number | string | undefined): string {
  const at = typeof since === 'number' ? since : Date.parse(since ?? '');
  return Number.isNaN(at) ? '' : humanDuration(Math.max(0, Date.now() - at));
}
