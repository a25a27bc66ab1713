import { ApiError } from '../../../shared/errors.ts';
import { isObject, own } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** What a strategic merge patch says beside values. The two that end in `/` are followed by the name of a field. */
export const directive = {
  patch: '$patch',
  retainKeys: '$retainKeys',
  elementOrder: '$setElementOrder/',
  deleteFrom: '$deleteFromPrimitiveList/',
} as const;

export function listOf(patch: JsonObject, key: string): Json[] | undefined {
  const value = own(patch, key);
  if (value === undefined || Array.isArray(value)) return value;
  throw badPatch(`${key} must be a list`);
}

/** A patch as a value of its own, where there is nothing to merge with: no directives, no nulls, no deleted elements. */
export function plain(patch: Json): Json {
  if (Array.isArray(patch)) {
    return patch.filter((item) => !isObject(item) || own(item, directive.patch) === undefined).map(plain);
  }
  if (!isObject(patch)) return patch;
  if (own(patch, directive.patch) === 'delete') return {};
  const kept = Object.entries(patch).filter(([key, value]) => value !== null && !isDirective(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value)]));
}

function isDirective(key: string): boolean {
  const { patch, retainKeys, elementOrder, deleteFrom } = directive;
  return key === patch || key === retainKeys || key.startsWith(elementOrder) || key.startsWith(deleteFrom);
}

export function badPatch(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
