/** More than a Job that works can have, and few enough to be looked at one by one. */
const maxIndexes = 1_000_000;

/**
 * Indexes as a Job's status writes them, `1,3-5,7`; what is not of that form, not below `count`, or not above those before
 * it, is left out.
 */
export function parseIndexes(text: string | undefined, count: number): Set<number> {
  const indexes = new Set<number>();
  let next = 0;
  for (const part of (text ?? '').split(',')) {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined) continue;
    const end = Math.min(Number(last ?? first), count - 1, maxIndexes);
    for (let index = Math.max(next, Number(first)); index <= end; index += 1) indexes.add(index);
    next = Math.max(next, end + 1);
  }
  return indexes;
}

/** Undefined for none, as a status leaves out what is empty. Two in a row are written with a comma, as Kubernetes does. */
export function formatIndexes(indexes: ReadonlySet<number>): string | undefined {
  const runs: [number, number][] = [];
  for (const index of [...indexes].toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  const words = runs.map(([first, last]) =>
    first === last ? `${first}` : `${first}${last - first > 1 ? '-' : ','}${last}`,
  );
  return words.length === 0 ? undefined : words.join(',');
}
