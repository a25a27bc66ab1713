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

/** `12s`, `3m`, `5h`, `2d` since a time; '' when it is not known. */
export function formatAge(since: number | string | undefined): string {
  const at = typeof since === 'number' ? since : Date.parse(since ?? '');
  if (Number.isNaN(at)) return '';
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
