import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The lines of a file of this folder. */
export function readVectors<T>(name: 'objects' | 'patches' | 'applies'): T[] {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, `${name}.jsonl.gz`))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** A value without what means the same as nothing: the libraries leave out zeros in one form and write them in another. */
export function whatIsSet(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(whatIsSet);
  if (typeof value !== 'object' || value === null) return value || undefined;
  const set = Object.entries(value).map(([name, item]) => [name, whatIsSet(item)] as const);
  const rest = set.filter(([, item]) => item !== undefined);
  return rest.length > 0 ? Object.fromEntries(rest) : undefined;
}
