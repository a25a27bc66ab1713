import { nearestWord } from '../nearest-word.ts';
import { UsageError } from '../usage.ts';

/** A schema of an OpenAPI v3 document, as far as `explain` reads it. */
export interface Schema {
  description?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** The schemas of one API version. */
export type Schemas = Readonly<Record<string, Schema>>;

/** The schema of a kind; undefined when the document has none. */
export function schemaOfKind(schemas: Schemas, group: string, kind: string): Schema | undefined {
  return Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some((each) => each.group === group && each.kind === kind),
  );
}

/** The name of the schema that another one refers to, itself or for its elements. */
function refOf(schema: Schema): string | undefined {
  const ref = schema.$ref ?? schema.allOf?.find(({ $ref }) => $ref !== undefined)?.$ref;
  return ref?.slice(ref.lastIndexOf('/') + 1);
}

/** What stands behind a list, a map and a reference: the schema whose fields may be named next. */
export function schemaBehind(schemas: Schemas, schema: Schema): Schema {
  const ref = refOf(schema);
  if (ref !== undefined) return schemaBehind(schemas, schemas[ref] ?? {});
  if (schema.items !== undefined) return schemaBehind(schemas, schema.items);
  const { additionalProperties: values } = schema;
  return typeof values === 'object' ? schemaBehind(schemas, values) : schema;
}

/** `string`, `[]Container`, `map[string]string`, as kubectl calls types. */
export function typeName(schema: Schema): string {
  const ref = refOf(schema);
  if (ref !== undefined) return ref.slice(ref.lastIndexOf('.') + 1);
  if (schema.items !== undefined) return `[]${typeName(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') {
    return `map[string]${typeName(schema.additionalProperties)}`;
  }
  return schema.type === undefined || schema.type === 'object' ? 'Object' : schema.type;
}

/** Follows field names from a schema on. Throws UsageError that proposes the field that was meant. */
export function fieldAt(schemas: Schemas, from: Schema, path: readonly string[]): Schema {
  const [name, ...rest] = path;
  if (name === undefined) return from;
  const { properties = {} } = schemaBehind(schemas, from);
  const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (field !== undefined) return fieldAt(schemas, field, rest);
  const near = nearestWord(name, Object.keys(properties));
  throw new UsageError(`field "${name}" does not exist${near === undefined ? '' : `; did you mean ${near}?`}`);
}
