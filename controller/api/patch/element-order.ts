/**
 * Merges two orders of one list: `wanted` comes in its own order, and every element of `rest` keeps its place before
 * or after those of `wanted` that it stood before or after in `before`. What `before` does not have goes to the end.
 */
export function mergeOrder<T>(
  wanted: readonly T[],
  rest: readonly T[],
  before: readonly T[],
  keyOf: (item: T) => string,
): T[] {
  const places = new Map(before.map((item, at) => [keyOf(item), at]));
  const placeOf = (item: T): number => places.get(keyOf(item)) ?? Infinity;
  const others = [...rest].sort((a, b) => Math.sign(placeOf(a) - placeOf(b)) || 0);
  let next = 0;
  const othersUpTo = (place: number): T[] => {
    const from = next;
    while (next < others.length && placeOf(others[next] as T) <= place) next += 1;
    return others.slice(from, next);
  };
  const merged = wanted.flatMap((item) => {
    const place = placeOf(item);
    return place === Infinity ? [item] : [...othersUpTo(place), item];
  });
  return [...merged, ...others.slice(next)];
}
