import { resources, type ResourceInfo } from '../../../shared/objects/resources.ts';
import { knownType, typeOf } from '../../../shared/objects/schema-table.ts';
import type { FieldSchema, TypeSchema } from '../../../shared/objects/schema.ts';

/** A manifest that is wrong at one place only. */
export interface WrongType {
  info: ResourceInfo;
  /** As messages name it: `spec.containers[0].env[0].name`. */
  path: string;
  manifest: Record<string, unknown>;
}

const wrongValues: Readonly<Record<FieldSchema['type'], readonly unknown[]>> = {
  string: [7, true, ['a'], { a: 1 }, 'a\0b'],
  integer: ['7', true, 1.5, 1e300, ['a'], {}],
  number: ['7', true, [], {}],
  boolean: ['true', 1, [], {}],
  object: ['a', 7, false, ['a']],
  array: ['a', 7, false, { a: 1 }],
  map: ['a', 7, false, ['a']],
  'int-or-string': [true, 1.5, [], {}],
  quantity: ['one', true, [], {}],
  time: ['yesterday', 7, [], {}],
  'micro-time': ['yesterday', 7, [], {}],
  bytes: ['***', 7, [], {}],
  any: [],
};

/**
 * For every field of every type that a resource can hold, once: manifests with a value of a wrong type in it. A type
 * met in several places is gone through where it was met first.
 */
export function* wrongTypes(): Generator<WrongType> {
  const met = new Set<string>();
  for (const info of resources) yield* ofResource(info, met);
}

function* ofResource(info: ResourceInfo, met: Set<string>): Generator<WrongType> {
  for (const { path, value } of ofType(typeOf(info), '', met)) {
    if (path === 'apiVersion' || path === 'kind' || path.startsWith('status')) continue;
    const whole = value as Record<string, unknown>;
    yield { info, path, manifest: { metadata: { name: 'x' }, ...whole } };
  }
}

interface Wrong {
  path: string;
  value: unknown;
}

function* ofType(type: TypeSchema, path: string, met: Set<string>): Generator<Wrong> {
  if (met.has(type.name)) return;
  met.add(type.name);
  for (const [name, field] of Object.entries(type.fields)) {
    const here = path === '' ? name : `${path}.${name}`;
    for (const wrong of ofField(field, here, met)) yield { path: wrong.path, value: { [name]: wrong.value } };
  }
}

function* ofField(field: FieldSchema, path: string, met: Set<string>): Generator<Wrong> {
  for (const value of wrongValues[field.type]) yield { path, value };
  const items = field.items ?? { type: 'any' };
  if (field.type === 'object') yield* ofType(knownType(field.ref ?? ''), path, met);
  if (field.type === 'array') {
    for (const wrong of ofField(items, `${path}[0]`, met)) yield { path: wrong.path, value: [wrong.value] };
  }
  if (field.type === 'map') {
    for (const wrong of ofField(items, `${path}[k]`, met)) yield { path: wrong.path, value: { k: wrong.value } };
  }
}
