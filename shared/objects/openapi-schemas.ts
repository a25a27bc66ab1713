import { allows, apiVersionOf, type ResourceInfo } from './resources.ts';
import { bodyType, type BodyKind, isAtomicType, knownType, typeNameOf } from './schema-table.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';

export interface Json {
  [key: string]: unknown;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrStringName = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Types that are no objects with fields; their names are what `explain` prints. */
const plainSchemas: Json = {
  [quantityName]: {
    description: 'A number with an optional suffix, as in 500m, 1.5Gi or 2e3.',
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  [intOrStringName]: {
    description: 'A number, or a string such as a share of a whole (25%) or a name.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [`${meta}.WatchEvent`]: {
    description: 'A change of an object that is watched, or what went wrong.',
    type: 'object',
    required: ['type', 'object'],
    properties: { type: { type: 'string' }, object: { type: 'object' } },
  },
  [`${meta}.Patch`]: { description: 'The changes to make, in the form that the content type names.', type: 'object' },
};

/** A pointer to a schema of the document. */
export function refTo(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

export const statusName = `${meta}.Status`;
export const deleteOptionsName = `${meta}.DeleteOptions`;
export const watchEventName = `${meta}.WatchEvent`;
export const patchName = `${meta}.Patch`;
export const listName = (info: ResourceInfo): string => `${typeNameOf(info)}List`;

/** All schemas that the paths of these resources mention, by name. */
export function componentsFor(rows: readonly ResourceInfo[]): Json {
  const schemas: Json = { ...plainSchemas };
  for (const info of rows) {
    addType(schemas, knownType(typeNameOf(info)));
    Object.assign(schemas[typeNameOf(info)] as Json, kindMark(info));
    if (allows(info, 'list')) schemas[listName(info)] = listSchema(info);
    for (const name of info.subresources) addSubresource(schemas, name);
  }
  addType(schemas, knownType(`${meta}.ListMeta`));
  addType(schemas, knownType(statusName));
  Object.assign(schemas[statusName] as Json, kindMark({ group: '', version: 'v1', kind: 'Status' }));
  addType(schemas, bodyType('DeleteOptions'));
  Object.assign(schemas[deleteOptionsName] as Json, kindMark({ group: '', version: 'v1', kind: 'DeleteOptions' }));
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function addSubresource(schemas: Json, name: string): void {
  if (name === 'scale') addBody(schemas, 'autoscaling', 'Scale');
  else if (name === 'binding') addBody(schemas, '', 'Binding');
  else if (name === 'eviction') addBody(schemas, 'policy', 'Eviction');
  else if (name === 'token') addBody(schemas, 'authentication.k8s.io', 'TokenRequest');
}

function addBody(schemas: Json, group: string, kind: BodyKind): void {
  addType(schemas, bodyType(kind));
  Object.assign(schemas[bodyType(kind).name] as Json, kindMark({ group, version: 'v1', kind }));
}

/** Clients find the schema of a kind by this mark. */
function kindMark({ group, version, kind }: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): Json {
  return { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
}

function listSchema(info: ResourceInfo): Json {
  const { group, version, kind } = info;
  return {
    description: `A list of ${kind} objects of ${apiVersionOf(info)}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: refTo(`${meta}.ListMeta`),
      items: { type: 'array', items: refTo(typeNameOf(info)) },
    },
    ...kindMark({ group, version, kind: `${kind}List` }),
  };
}

/** Adds a type and all that it leads to. */
function addType(schemas: Json, type: TypeSchema): void {
  if (schemas[type.name]) return;
  const properties: Json = {};
  schemas[type.name] = {
    description: type.description,
    type: 'object',
    ...(type.required.length > 0 && { required: type.required }),
    properties,
    ...(isAtomicType(type.name) && { 'x-kubernetes-map-type': 'atomic' }),
  };
  for (const [name, field] of Object.entries(type.fields)) {
    properties[name] = fieldSchema(field);
    for (const ref of refsOf(field)) addType(schemas, knownType(ref));
  }
}

function refsOf(field: FieldSchema): string[] {
  return [...(field.ref === undefined ? [] : [field.ref]), ...(field.items ? refsOf(field.items) : [])];
}

function fieldSchema(field: FieldSchema): Json {
  const own: Json = {
    ...(field.description !== undefined && { description: field.description }),
    ...(field.enum && { enum: field.enum }),
    ...extensionsOf(field),
  };
  const ref = referenceOf(field);
  if (ref === undefined) return { ...own, ...shapeOf(field) };
  return Object.keys(own).length === 0 ? refTo(ref) : { ...own, allOf: [refTo(ref)] };
}

function referenceOf({ type, ref }: FieldSchema): string | undefined {
  if (type === 'quantity') return quantityName;
  return type === 'int-or-string' ? intOrStringName : ref;
}

function shapeOf({ type, format, items }: FieldSchema): Json {
  switch (type) {
    case 'string':
    case 'boolean':
      return { type };
    case 'integer':
    case 'number':
      return { type, ...(format !== undefined && { format }) };
    case 'array':
      return { type, items: items ? fieldSchema(items) : {} };
    case 'map':
      return { type: 'object', additionalProperties: items ? fieldSchema(items) : {} };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'time':
    case 'micro-time':
      return { type: 'string', format: 'date-time' };
    case 'any':
    case 'object':
    case 'quantity':
    case 'int-or-string':
      return { type: 'object' };
  }
}

function extensionsOf({ patchMergeKey, patchStrategy, listType, listMapKeys, mapType, type }: FieldSchema): Json {
  return {
    ...(patchMergeKey !== undefined && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
    ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy.join(',') }),
    ...(type === 'array' && { 'x-kubernetes-list-type': listType ?? 'atomic' }),
    ...(listMapKeys && { 'x-kubernetes-list-map-keys': listMapKeys }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
  };
}
