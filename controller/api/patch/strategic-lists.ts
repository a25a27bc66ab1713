import { mergeOrder } from './element-order.ts';
import { isObject, own } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { badPatch, directive, plain } from './strategic-directives.ts';

export interface ListMerge {
  /** The field by which elements are known; absent for a list of scalars. */
  key: string | undefined;
  current: readonly Json[];
  patch: readonly Json[];
  /** `$setElementOrder`: keys, or scalars, in the final order. */
  order: readonly Json[] | undefined;
  /** `$deleteFromPrimitiveList` */
  deleted: readonly Json[] | undefined;
  mergeItem: (item: JsonObject, change: JsonObject) => JsonObject;
}

export function mergeList(merge: ListMerge): Json[] {
  return merge.key === undefined ? mergeScalars(merge) : mergeElements(merge, merge.key);
}

function mergeScalars({ current, patch, order, deleted = [] }: ListMerge): Json[] {
  const removed = new Set(deleted.map(scalarKey));
  const kept = current.filter((item) => !removed.has(scalarKey(item)));
  const merged = unique([...kept, ...patch], scalarKey);
  return ordered(merged, current, order ?? patch, scalarKey);
}

/** Patched elements merge with theirs, `$patch: delete` removes, `$patch: replace` starts anew. */
function mergeElements({ current, patch, order, mergeItem }: ListMerge, key: string): Json[] {
  const given = patch.filter((item) => howOf(item) !== 'replace');
  if (given.length < patch.length) return given.filter((item) => howOf(item) !== 'delete').map(plain);
  const deleted = new Set(given.filter((item) => howOf(item) === 'delete').map((item) => requireKey(item, key)));
  const merged = current.filter((item) => !deleted.has(elementKey(item, key)));
  const places = new Map<string, number>();
  for (const [at, item] of [...merged.entries()].reverse()) places.set(elementKey(item, key), at);
  for (const item of given) {
    if (howOf(item) === 'delete') continue;
    const id = requireKey(item, key);
    const at = places.get(id) ?? merged.length;
    const found = merged[at];
    merged[at] = isObject(found) ? mergeItem(found, item as JsonObject) : plain(item);
    places.set(id, at);
  }
  return ordered(merged, current, order ?? given, (item) => elementKey(item, key));
}

/**
 * Elements that `order` names come in its order, the others keep their places between them, after those that are new.
 * A patch that gives no order gives that of its elements, as in Kubernetes.
 */
function ordered(
  merged: readonly Json[],
  before: readonly Json[],
  order: readonly Json[],
  keyOf: (item: Json) => string,
): Json[] {
  const places = new Map(order.map((item, at) => [keyOf(item), at]));
  const placeOf = (item: Json): number | undefined => places.get(keyOf(item));
  const wanted = merged.filter((item) => placeOf(item) !== undefined);
  const rest = merged.filter((item) => placeOf(item) === undefined);
  wanted.sort((a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0));
  return mergeOrder(wanted, rest, before, keyOf);
}

function howOf(item: Json): Json | undefined {
  const how = isObject(item) ? own(item, directive.patch) : undefined;
  if (how === undefined || how === 'delete' || how === 'replace') return how;
  throw badPatch(`$patch: ${JSON.stringify(how)} is not known in an element of a list`);
}

function requireKey(item: Json, key: string): string {
  if (!isObject(item) || (own(item, key) ?? null) === null) {
    throw badPatch(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  }
  return elementKey(item, key);
}

function elementKey(item: Json, key: string): string {
  return JSON.stringify((isObject(item) ? own(item, key) : item) ?? null);
}

function scalarKey(item: Json): string {
  return JSON.stringify(item);
}

function unique(items: readonly Json[], keyOf: (item: Json) => string): Json[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
