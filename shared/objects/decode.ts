import { ApiError } from '../errors.ts';
import { decodeScalar } from './decode-scalar.ts';
import { apiVersionOf, type ResourceInfo } from './resources.ts';
import { bodyType, knownType, typeOf, type BodyKind } from './schema-table.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';
import type { KubeObject } from './types.ts';

/** A body, or what a patch makes of an object, has a value of the wrong type. */
export class WrongType extends ApiError {
  /** What is wrong, beginning with the field. */
  readonly problem: string;

  constructor(message: string, problem: string) {
    super('BadRequest', message);
    this.problem = problem;
  }
}

/** What unknown and doubled fields lead to: an error, a warning, or nothing. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded<T> {
  /**
   * Known fields only, nulls left out, quantities and times in canonical form. A new object; what is frozen is part of
   * a stored one, was decoded before it was stored, and is kept as it is, as are maps that are right already.
   */
  object: T;
  warnings: string[];
}

/** More problems than this are not worth telling. */
const maxProblems = 50;
const maxDepth = 64;

/** What Kubernetes, written in Go, calls these types where it speaks of patches. */
const goWords = { array: 'slice', map: 'map', object: 'struct' } as const;

/**
 * Checks a parsed body against the type of a resource. Throws BadRequest for a wrong type at any level, a kind or
 * apiVersion that does not fit, and, when Strict, for unknown fields and for `problems` (what parsing has noticed).
 * Required fields are the business of validation. `metadata` is there afterwards, `metadata.name` may not be.
 */
export function decodeObject<T extends KubeObject = KubeObject>(
  info: ResourceInfo,
  body: unknown,
  mode: FieldValidation,
  problems: readonly string[] = [],
): Decoded<T> {
  return decodeAs<T>(typeOf(info), { apiVersion: apiVersionOf(info), kind: info.kind }, body, mode, problems);
}

/** Bodies of other groups than the core. */
const bodyApiVersions: Readonly<Partial<Record<BodyKind, string>>> = {
  Scale: 'autoscaling/v1',
  Eviction: 'policy/v1',
  TokenRequest: 'authentication.k8s.io/v1',
};

/** As `decodeObject` for bodies that are not stored. DeleteOptions may come with any apiVersion. */
export function decodeBody<T extends { apiVersion: string; kind: string }>(
  kind: BodyKind,
  body: unknown,
  mode: FieldValidation,
  problems: readonly string[] = [],
): Decoded<T> {
  const apiVersion = bodyApiVersions[kind] ?? 'v1';
  const given = kind === 'DeleteOptions' && isObject(body) ? body.apiVersion : undefined;
  const expected = { apiVersion: typeof given === 'string' && given !== '' ? given : apiVersion, kind };
  return decodeAs<T>(bodyType(kind), expected, body ?? {}, mode, problems);
}

interface Expected {
  apiVersion: string;
  kind: string;
}

function decodeAs<T>(
  type: TypeSchema,
  expected: Expected,
  body: unknown,
  mode: FieldValidation,
  problems: readonly string[],
): Decoded<T> {
  if (!isObject(body)) {
    const message = `the object provided is unrecognized (must be of type ${expected.kind}): expected an object, got ${describe(body)}`;
    throw new ApiError('BadRequest', message);
  }
  checkKind(expected, body);
  const decoder = new Decoder(expected);
  const object = decoder.decodeType(type, { ...body, ...expected }, '', 0);
  if (type.fields.metadata) object.metadata ??= {};
  const found = [...problems, ...decoder.unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
  const told = [...new Set(found)].slice(0, maxProblems);
  if (mode === 'Strict' && told.length > 0) throw decoder.refuse(`strict decoding error: ${joinProblems(told)}`);
  return { object: object as T, warnings: mode === 'Warn' ? told : [] };
}

/** Those of YAML are one error of Kubernetes' reader, with a line for each. */
function joinProblems(problems: readonly string[]): string {
  const ofYaml = problems.filter((problem) => /^line \d+: /.test(problem));
  const others = problems.filter((problem) => !ofYaml.includes(problem));
  return [...(ofYaml.length > 0 ? [['yaml: unmarshal errors:', ...ofYaml].join('\n  ')] : []), ...others].join(', ');
}

function checkKind(expected: Expected, { apiVersion, kind }: Record<string, unknown>): void {
  const found = { apiVersion: apiVersion ?? '', kind: kind ?? '' };
  if (typeof found.apiVersion !== 'string' || typeof found.kind !== 'string') {
    throw new ApiError('BadRequest', "couldn't get version/kind; apiVersion and kind must be strings");
  }
  if (found.kind !== '' && found.kind !== expected.kind) {
    const message = `${found.kind} in version "${found.apiVersion.split('/').at(-1)}" cannot be handled as a ${expected.kind}`;
    throw new ApiError('BadRequest', message);
  }
  if (found.apiVersion !== '' && found.apiVersion !== expected.apiVersion) {
    const message = `the API version in the data (${found.apiVersion}) does not match the expected API version (${expected.apiVersion})`;
    throw new ApiError('BadRequest', message);
  }
}

/** One pass over one body; collects the unknown fields it leaves out. */
class Decoder {
  readonly unknown: string[] = [];
  readonly #expected: Expected;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  refuse(problem: string): ApiError {
    return new ApiError('BadRequest', this.#about(problem));
  }

  #about(problem: string): string {
    const { apiVersion, kind } = this.#expected;
    return `${kind} in version "${apiVersion.split('/').at(-1)}" cannot be handled as a ${kind}: ${problem}`;
  }

  decodeType(type: TypeSchema, value: unknown, path: string, depth: number): Record<string, unknown> {
    if (!isObject(value)) throw this.#wrongType(value, path, 'object');
    if (depth > maxDepth) throw this.refuse(`field ${path} is nested deeper than ${maxDepth} levels`);
    if (Object.isFrozen(value)) return value;
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const item = value[name];
      const here = path === '' ? name : `${path}.${name}`;
      const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
      if (!field) this.unknown.push(here);
      else if (item !== null && item !== undefined) result[name] = this.#decodeField(field, item, here, depth + 1);
    }
    return result;
  }

  #decodeField(field: FieldSchema, value: unknown, path: string, depth: number): unknown {
    if (field.type === 'object') return this.decodeType(knownType(field.ref ?? ''), value, path, depth);
    if (field.type === 'array') return this.#decodeArray(field.items ?? { type: 'any' }, value, path, depth);
    if (field.type === 'map') return this.#decodeMap(field.items ?? { type: 'any' }, value, path, depth);
    const { value: decoded, problem } = decodeScalar(field, value);
    if (problem !== undefined) throw new WrongType(this.#about(`field ${path}: ${problem}`), `${path}: ${problem}`);
    return decoded;
  }

  /** A null in a list of strings is an empty string, as in Kubernetes. */
  #decodeArray(items: FieldSchema, value: unknown, path: string, depth: number): unknown[] {
    if (!Array.isArray(value)) throw this.#wrongType(value, path, 'array');
    if (Object.isFrozen(value)) return value as unknown[];
    const nothing = items.type === 'string' ? '' : null;
    return value.map((item: unknown, index) => this.#decodeField(items, item ?? nothing, `${path}[${index}]`, depth));
  }

  /** A null in a map of strings is an empty string, as YAML writes `key:`; other nulls are left out. */
  #decodeMap(items: FieldSchema, value: unknown, path: string, depth: number): Record<string, unknown> {
    if (!isObject(value)) throw this.#wrongType(value, path, 'map');
    if (Object.isFrozen(value)) return value;
    let result = value;
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw this.refuse(`field ${path}: "__proto__" is not allowed as a key`);
      const item = value[key];
      const decoded = this.#decodeEntry(items, item, path, key, depth);
      if (decoded === item) continue;
      if (result === value) result = { ...value };
      if (decoded === undefined) delete result[key];
      else result[key] = decoded;
    }
    return result;
  }

  #decodeEntry(items: FieldSchema, value: unknown, path: string, key: string, depth: number): unknown {
    if (value === null && items.type !== 'string') return undefined;
    return this.#decodeField(items, value ?? '', `${path}[${key}]`, depth);
  }

  #wrongType(value: unknown, path: string, wanted: keyof typeof goWords): ApiError {
    const message = this.#about(`json: cannot unmarshal ${describe(value)} into field ${path} of type ${wanted}`);
    return new WrongType(message, `${path}: cannot restore ${goWords[wanted]} from ${describe(value)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
