import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../../shared/errors.ts';

/** A parsed body: plain data, of any depth up to `maxDepth`. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** Most are asked about texts, or about one value twice. */
export function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of the object itself, never one that every object inherits. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a key whatever its name: a plain assignment to `__proto__` would change the object's nature instead. */
export function put(object: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * Without the fields that are null, at every depth: in a stored object null means absent. The value itself when there
 * are none.
 */
export function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return withoutNullsInItems(value);
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const key of Object.keys(value)) {
    const field = value[key] as Json;
    const kept = withoutNulls(field);
    if (field !== null && kept === field) continue;
    copy ??= { ...value };
    if (field === null) delete copy[key];
    else put(copy, key, kept);
  }
  return copy ?? value;
}

function withoutNullsInItems(items: Json[]): Json[] {
  const kept = items.map(withoutNulls);
  return kept.some((item, at) => item !== items[at]) ? kept : items;
}

const maxDepth = 200;

/** Everything after this walks the value by recursion. */
export function checkDepth(value: unknown, left: number = maxDepth): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw new ApiError('BadRequest', `the body is nested more than ${maxDepth} levels deep`);
  // Keys are read faster than values: an object of thousands of fields is no longer laid out as one.
  for (const key of Object.keys(value)) checkDepth((value as JsonObject)[key], left - 1);
}
