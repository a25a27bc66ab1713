import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../../shared/errors.ts';

/** A parsed body: plain data, of any depth up to `maxDepth`. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export const isEqual = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b);

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of the object itself, never one that every object inherits. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a key whatever its name: a plain assignment to `__proto__` would change the object's nature instead. */
export function put(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Without the fields that are null, at every depth: in a stored object null means absent. */
export function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field)]));
}

const maxDepth = 200;

/** Everything after this walks the value by recursion. */
export function checkDepth(value: unknown, left: number = maxDepth): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw new ApiError('BadRequest', `the body is nested more than ${maxDepth} levels deep`);
  for (const part of Object.values(value)) checkDepth(part, left - 1);
}
