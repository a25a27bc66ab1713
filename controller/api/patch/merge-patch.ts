import { isObject, own, put } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** RFC 7396: objects merge, null removes, everything else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const base = isObject(target) ? target : {};
  const merged: JsonObject = { ...base };
  for (const key of Object.keys(patch)) {
    const value = patch[key] as Json;
    if (value === null) delete merged[key];
    else put(merged, key, mergePatch(own(base, key), value));
  }
  return merged;
}
