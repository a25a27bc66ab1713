import { isObject, own, put } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { fieldShape } from './shape.ts';
import type { Shape, Types } from './shape.ts';
import { badPatch, directive, listOf, plain } from './strategic-directives.ts';
import { mergeList } from './strategic-lists.ts';

/** Kubernetes' strategic merge patch: lists merge as their schema says, and the directives in `patch` are followed. */
export function strategicMerge(types: Types, shape: Shape, target: JsonObject, patch: JsonObject): JsonObject {
  const how = own(patch, directive.patch);
  if (how === 'delete') return {};
  if (how === 'replace') return plain(patch) as JsonObject;
  if (how !== undefined && how !== 'merge') throw badPatch(`unknown patch type found: ${JSON.stringify(how)}`);
  const merged = { ...retained(target, patch) };
  for (const key of patchedKeys(patch)) {
    const value = mergeField(types, fieldShape(types, shape, key), own(target, key), patch, key);
    if (value === undefined) delete merged[key];
    else put(merged, key, value);
  }
  return merged;
}

/** The value of one field after the patch; undefined when it has none. */
function mergeField(
  types: Types,
  shape: Shape,
  current: Json | undefined,
  patch: JsonObject,
  key: string,
): Json | undefined {
  const given = own(patch, key);
  if (given === null) return undefined;
  const order = listOf(patch, directive.elementOrder + key);
  const deleted = listOf(patch, directive.deleteFrom + key);
  const isList = Array.isArray(given) || (given === undefined && Array.isArray(current));
  if (isList && mergesAsList(shape)) {
    const kept = Array.isArray(current) ? current : [];
    const mergeItem = (item: JsonObject, change: JsonObject): JsonObject =>
      strategicMerge(types, shape?.items, item, change);
    const elements = Array.isArray(given) ? given : [];
    return mergeList({ key: shape?.patchMergeKey, current: kept, patch: elements, order, deleted, mergeItem });
  }
  if (given === undefined) return current;
  if (isObject(given) && isObject(current) && !shape?.patchStrategy?.includes('replace')) {
    return strategicMerge(types, shape, current, given);
  }
  return plain(given);
}

function mergesAsList(shape: Shape): boolean {
  return shape?.type === 'array' && (shape.patchStrategy?.includes('merge') ?? false);
}

/** The fields that the patch says something about, by a value or by a directive of their own. */
function patchedKeys(patch: JsonObject): Set<string> {
  const keys = Object.keys(patch).map((key) => {
    if (key.startsWith(directive.elementOrder)) return key.slice(directive.elementOrder.length);
    if (key.startsWith(directive.deleteFrom)) return key.slice(directive.deleteFrom.length);
    return key;
  });
  return new Set(keys.filter((key) => key !== directive.patch && key !== directive.retainKeys));
}

/** `$retainKeys` names the only fields that stay, those that the patch sets among them. */
function retained(target: JsonObject, patch: JsonObject): JsonObject {
  const names = listOf(patch, directive.retainKeys);
  if (names === undefined) return target;
  const keys = new Set(names);
  for (const key of Object.keys(patch)) {
    const isSet = !key.startsWith('$') && patch[key] !== null;
    if (isSet && !keys.has(key)) throw badPatch(`$retainKeys does not name ${key}, which the patch sets`);
  }
  return Object.fromEntries(Object.entries(target).filter(([key]) => keys.has(key)));
}
