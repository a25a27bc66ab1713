import { typeNameOf } from '../../../shared/objects/schema-table.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import type { FieldSchema, TypeSchema } from '../../../shared/objects/schema.ts';

/** Where types are looked up by name. */
export interface Types {
  find(name: string): TypeSchema | undefined;
}

/** What is known of a value: how its parts merge. Undefined where the schema ends. */
export type Shape = FieldSchema | undefined;

export function shapeOf(info: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): FieldSchema {
  return { type: 'object', ref: typeNameOf(info) };
}

/** The shape of one field of an object, or of one value of a map. */
export function fieldShape(types: Types, shape: Shape, key: string): Shape {
  if (shape?.type === 'map') return shape.items;
  if (shape?.type !== 'object' || shape.ref === undefined) return undefined;
  const fields = types.find(shape.ref)?.fields ?? {};
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}
