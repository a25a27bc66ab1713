import { ApiError } from '../errors.ts';
import { isDnsSubdomain } from '../objects/names.ts';

/** Checks of values that somebody else wrote. Each returns the value with its type or throws BadRequest naming the place. */
export type Fields = Record<string, unknown>;

function refuse(where: string, wanted: string): never {
  throw new ApiError('BadRequest', `${where}: must be ${wanted}`);
}

export function asFields(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(where, 'an object');
  return value as Fields;
}

export function asText(value: unknown, where: string, max = 1024): string {
  if (typeof value !== 'string') refuse(where, 'a string');
  if (value.length > max) refuse(where, `at most ${max} characters`);
  return value;
}

export function asName(value: unknown, where: string): string {
  const name = asText(value, where, 253);
  if (!isDnsSubdomain(name)) refuse(where, 'a name in lower case');
  return name;
}

export function asNumber(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) refuse(where, 'a number');
  return value;
}

/** A whole number from 0 on. */
export function asCount(value: unknown, where: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(where, 'a whole number from 0 on');
  return value as number;
}

export function asFlag(value: unknown, where: string): boolean {
  if (typeof value !== 'boolean') refuse(where, 'true or false');
  return value;
}

export function asOneOf<T extends string>(value: unknown, allowed: readonly T[], where: string): T {
  if (!allowed.includes(value as T)) refuse(where, `one of ${allowed.join(', ')}`);
  return value as T;
}

/** `max` bounds the work that one message can ask for. */
export function asList<T>(value: unknown, where: string, max: number, check: (item: unknown, where: string) => T): T[] {
  if (!Array.isArray(value)) refuse(where, 'a list');
  if (value.length > max) refuse(where, `at most ${max} long`);
  return value.map((item, index) => check(item, `${where}[${index}]`));
}

/** A map of strings to strings, as labels. Absent: empty. */
export function asTexts(value: unknown, where: string): Record<string, string> {
  const entries = Object.entries(asFields(value ?? {}, where));
  if (entries.length > 256) refuse(where, 'at most 256 entries');
  return Object.fromEntries(entries.map(([key, text]) => [asText(key, where, 317), asText(text, `${where}.${key}`)]));
}

/** RFC 3339. */
export function asTime(value: unknown, where: string): string {
  const text = asText(value, where, 40);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) refuse(where, 'a time');
  return text;
}

/** The check, unless the value is absent. */
export function optional<T>(value: unknown, where: string, check: (value: unknown, where: string) => T): T | undefined {
  return value === undefined ? undefined : check(value, where);
}
