/**
 * Merges two orders of one list: `wanted` comes in its own order, and every element of `rest` keeps its place before
 * or after those of `wanted` that it stood before or after in `before`. What `before` does not have comes as soon as
 * it can, and among `rest` goes to the end; with `newLast`, as server-side apply does it, as late as it can.
 */
export function mergeOrder<T>(
  wanted: readonly T[],
  rest: readonly T[],
  before: readonly T[],
  keyOf: (item: T) => string,
  { newLast = false } = {},
): T[] {
  const places = new Map(before.map((item, at) => [keyOf(item), at]));
  const placeOf = (item: T): number => places.get(keyOf(item)) ?? Infinity;
  const others = [...rest].sort((a, b) => Math.sign(placeOf(a) - placeOf(b)) || 0);
  const bounds = wanted.map(placeOf);
  for (let at = bounds.length - 2; at >= 0; at -= 1) {
    if (bounds[at] === Infinity) bounds[at] = bounds[at + 1] ?? Infinity;
  }
  let next = 0;
  const othersUpTo = (place: number): T[] => {
    const from = next;
    while (next < others.length && placeOf(others[next] as T) <= place) next += 1;
    return others.slice(from, next);
  };
  const merged = wanted.flatMap((item, at) => {
    const isNew = placeOf(item) === Infinity;
    return isNew && !newLast ? [item] : [...othersUpTo(bounds[at] ?? Infinity), item];
  });
  return [...merged, ...others.slice(next)];
}
