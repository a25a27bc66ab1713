import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';

/** One problem of one field. The words are Kubernetes' own: people and scripts look for them. */

export function required(field: string, detail = ''): Cause {
  return { reason: 'FieldValueRequired', message: withDetail('Required value', detail), field };
}

export function invalid(field: string, value: unknown, detail: string): Cause {
  return { reason: 'FieldValueInvalid', message: withDetail(`Invalid value: ${show(value)}`, detail), field };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): Cause {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  const message = withDetail(`Unsupported value: ${show(value)}`, `supported values: ${list}`);
  return { reason: 'FieldValueNotSupported', message, field };
}

export function duplicate(field: string, value: unknown): Cause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${show(value)}`, field };
}

export function forbidden(field: string, detail: string): Cause {
  return { reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail), field };
}

export function notFound(field: string, value: unknown): Cause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${show(value)}`, field };
}

export function tooLong(field: string, maxBytes: number): Cause {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxBytes} bytes`, field };
}

export function tooMany(field: string, count: number, most: number): Cause {
  return { reason: 'FieldValueTooMany', message: `Too many: ${count}: must have at most ${most} items`, field };
}

/** A cause when a value is not what it was: some things are settled when an object is made. */
export function immutable(field: string, value: unknown, old: unknown): Cause[] {
  return isDeepStrictEqual(value, old) ? [] : [invalid(field, value, 'field is immutable')];
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** Values are shown, but not at any length. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= 256 ? text : `${text.slice(0, 256)}…`;
}

/** Causes for every element that names what an earlier one has named. */
export function findDuplicates<T>(
  items: readonly T[] | undefined,
  field: (index: number) => string,
  key: (item: T) => string | undefined,
): Cause[] {
  const seen = new Set<string>();
  return (items ?? []).flatMap((item, index) => {
    const name = key(item);
    if (name === undefined || name === '') return [];
    if (seen.has(name)) return [duplicate(field(index), name)];
    seen.add(name);
    return [];
  });
}

/** Applies a check to each element with its path. */
export function eachOf<T>(
  items: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string) => Cause[],
): Cause[] {
  return (items ?? []).flatMap((item, index) => check(item, `${path}[${index}]`));
}
