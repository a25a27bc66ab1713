import { ApiError } from '../../../shared/errors.ts';
import { mergeOrder } from './element-order.ts';
import type { FieldSet } from './field-set.ts';
import { isAtomicList, isAtomicObject, stepOf } from './field-walk.ts';
import { isObject, own, put } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { fieldShape } from './shape.ts';
import type { Shape, Types } from './shape.ts';

/** `live` with everything that `config` says. Removes nothing. */
export function mergeApplied(types: Types, shape: Shape, live: Json | undefined, config: Json): Json {
  if (isObject(live) && isObject(config) && !isAtomicObject(shape)) {
    const merged = { ...live };
    for (const key of Object.keys(config)) {
      const before = own(live, key);
      const after = mergeApplied(types, fieldShape(types, shape, key), before, config[key] as Json);
      if (after !== before) put(merged, key, after);
    }
    return merged;
  }
  if (Array.isArray(live) && Array.isArray(config) && !isAtomicList(shape))
    return mergeList(types, shape, live, config);
  return config;
}

function mergeList(types: Types, shape: Shape, live: readonly Json[], config: readonly Json[]): Json[] {
  const keyOf = (item: Json): string => stepOf(shape, item) ?? JSON.stringify(item);
  const found = new Map([...live].reverse().map((item) => [keyOf(item), item]));
  const wanted = config.map((item) => mergeApplied(types, shape?.items, found.get(keyOf(item)), item));
  const named = new Set(config.map(keyOf));
  const rest = live.filter((item) => !named.has(keyOf(item)));
  return mergeOrder(wanted, rest, live, keyOf, { newLast: true });
}

/** The value without the members of `fields`; undefined when nothing is left of it. What it empties goes as well. */
export function removeFields(types: Types, shape: Shape, value: Json, fields: FieldSet): Json | undefined {
  if (fields.isMember) return undefined;
  if (fields.children.size === 0) return value;
  if (isObject(value)) {
    const left: JsonObject = { ...value };
    for (const [step, below] of fields.children) {
      const key = step.slice(2);
      const field = step.startsWith('f:') ? own(value, key) : undefined;
      if (field === undefined) continue;
      const rest = removeFields(types, fieldShape(types, shape, key), field, below);
      if (rest === undefined) delete left[key];
      else put(left, key, rest);
    }
    return Object.keys(left).length === 0 ? undefined : left;
  }
  if (!Array.isArray(value)) return value;
  const items = value.flatMap((item): Json[] => {
    const below = fields.children.get(stepOf(shape, item) ?? '');
    const left = below === undefined ? item : removeFields(types, shape?.items, item, below);
    return left === undefined ? [] : [left];
  });
  return items.length === 0 ? undefined : items;
}

/** Throws when an element of an applied list cannot be told from the others. */
export function checkKeys(types: Types, shape: Shape, value: Json, path = ''): void {
  if (isObject(value)) checkFields(types, shape, value, path);
  else if (Array.isArray(value) && !isAtomicList(shape)) checkItems(types, shape, value, path);
}

function checkFields(types: Types, shape: Shape, value: JsonObject, path: string): void {
  if (isAtomicObject(shape)) return;
  for (const key of Object.keys(value)) {
    const field = value[key] as Json;
    if (typeof field !== 'object') continue;
    checkKeys(types, fieldShape(types, shape, key), field, `${path}.${key}`);
  }
}

function checkItems(types: Types, shape: Shape, items: readonly Json[], path: string): void {
  const seen = new Set<string>();
  for (const [at, item] of items.entries()) {
    const step = stepOf(shape, item);
    if (step === undefined) {
      const keys = (shape?.listMapKeys ?? []).join(', ');
      throw new ApiError(
        'BadRequest',
        `${path}: element ${at}: associative list with keys has an element that omits key field "${keys}"`,
      );
    }
    if (seen.has(step)) throw new ApiError('BadRequest', `${path}: duplicate entries for key ${step.slice(2)}`);
    seen.add(step);
    checkKeys(types, shape?.items, item, `${path}[${at}]`);
  }
}
