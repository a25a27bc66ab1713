import type { KubeObject } from '../../../shared/objects/types.ts';
import { emptySet, isEmpty, leaf } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { isObject, own } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { fieldShape } from './shape.ts';
import type { Shape, Types } from './shape.ts';

/** Fields that the API server alone sets: nobody owns them. */
const systemFields = new Set(['apiVersion', 'kind', 'metadata']);
const systemMetadata = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** The fields of an object that can have an owner, with their values. */
export function fieldsOf(types: Types, shape: Shape, object: KubeObject | undefined): FieldSet {
  if (object === undefined) return emptySet;
  const json = object as unknown as JsonObject;
  const entries = Object.entries(json).filter(([key]) => !systemFields.has(key));
  const metadata = Object.entries(object.metadata).filter(([key]) => !systemMetadata.has(key));
  if (metadata.length > 0) entries.push(['metadata', Object.fromEntries(metadata) as JsonObject]);
  return entries.length === 0 ? emptySet : read(types, shape, Object.fromEntries(entries));
}

function read(types: Types, shape: Shape, value: Json): FieldSet {
  if (isObject(value)) return isAtomicObject(shape) ? leaf(value) : readObject(types, shape, value);
  if (!Array.isArray(value) || isAtomicList(shape)) return leaf(value);
  const children = new Map<string, FieldSet>();
  for (const [at, item] of value.entries()) {
    const step = stepOf(shape, item) ?? `i:${at}`;
    children.set(step, shape?.listType === 'set' ? leaf() : { ...read(types, shape?.items, item), isMember: true });
  }
  return { isMember: false, children };
}

/** Keys of a map are members themselves; declared fields of a type are so only where they end. */
function readObject(types: Types, shape: Shape, value: JsonObject): FieldSet {
  const keys = Object.keys(value);
  if (keys.length === 0) return leaf(value);
  const children = new Map<string, FieldSet>();
  for (const key of keys) {
    const known = fieldShape(types, shape, key);
    const child = read(types, known, value[key] as Json);
    const isKeyOfMap = shape?.type === 'map' || known === undefined;
    const set = isKeyOfMap && !child.isMember ? { ...child, isMember: true } : child;
    if (!isEmpty(set)) children.set(`f:${key}`, set); // a list that merges is its elements: without any there is none
  }
  return { isMember: false, children };
}

export function isAtomicObject(shape: Shape): boolean {
  return shape?.mapType === 'atomic';
}

/** Lists are replaced whole unless their schema says how to tell elements apart. */
export function isAtomicList(shape: Shape): boolean {
  return shape?.listType !== 'map' && shape?.listType !== 'set';
}

/** Keys that upstream's schemas give a value to when an element has none. */
const keyDefaults: JsonObject = { protocol: 'TCP' };

/** The step to an element of a list that merges; undefined for an element without its keys. */
export function stepOf(shape: Shape, item: Json): string | undefined {
  if (shape?.listType === 'set') return `v:${JSON.stringify(item)}`;
  const keys = [...(shape?.listMapKeys ?? [])].sort();
  if (!isObject(item)) return undefined;
  const own_ = keys.filter((key) => Object.hasOwn(item, key));
  if (own_.length === 0) return undefined;
  const pairs = keys.flatMap((key): [string, Json][] => {
    const value = own(item, key) ?? own(keyDefaults, key);
    return value === undefined ? [] : [[key, value]];
  });
  return `k:${JSON.stringify(Object.fromEntries(pairs))}`;
}
