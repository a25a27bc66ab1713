import type { GeneratedField, GeneratedSchemas } from './generate-schemas.ts';
import schemas from './generated/schemas.json' with { type: 'json' };
import { enums } from './overlay/enums.ts';
import { atomicTypes, mergeRules } from './overlay/lists.ts';
import { measuredTypes } from './overlay/measured-types.ts';
import { quantities } from './overlay/quantities.ts';
import type { ResourceInfo } from './resources.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';

const generated = schemas.types as GeneratedSchemas['types'];
const built = new Map<string, TypeSchema>();

/** Bodies that are sent but not stored. */
export type BodyKind = 'Scale' | 'Binding' | 'Eviction' | 'DeleteOptions' | 'TokenRequest';

const bodyTypes: Readonly<Record<BodyKind, string>> = {
  Scale: 'io.k8s.api.autoscaling.v1.Scale',
  Binding: 'io.k8s.api.core.v1.Binding',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
  DeleteOptions: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  TokenRequest: 'io.k8s.api.authentication.v1.TokenRequest',
};

/** The name of the type of a resource: `io.k8s.api.apps.v1.Deployment`. */
export function typeNameOf({ group, version, kind }: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): string {
  return `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
}

/** The type of a resource. A row without a schema is a mistake in the tables, so this throws. */
export function typeOf(info: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): TypeSchema {
  return knownType(typeNameOf(info));
}

/** The type of a body that is not stored. */
export function bodyType(kind: BodyKind): TypeSchema {
  return knownType(bodyTypes[kind]);
}

/** The type with this name; throws when the table has none. */
export function knownType(name: string): TypeSchema {
  const type = findType(name);
  if (!type) throw new Error(`no schema for ${name}`);
  return type;
}

/** The type with this name. Types are put together when first asked for, and shared: never change one. */
export function findType(name: string): TypeSchema | undefined {
  const known = built.get(name);
  if (known) return known;
  const source = Object.hasOwn(generated, name) ? generated[name] : undefined;
  if (!source) return measuredTypes.get(name);
  const shortName = shortNameOf(name);
  const entries = Object.entries(source.f);
  const type: TypeSchema = {
    name,
    description: source.d,
    fields: Object.fromEntries(entries.map(([field, entry]) => [field, fieldSchema(`${shortName}.${field}`, entry)])),
    required: entries.filter(([, { r }]) => r === 1).map(([field]) => field),
  };
  built.set(name, type);
  return type;
}

/** Types that share the last part of their name with one of another group or version. */
const ownShortNames: Readonly<Record<string, string>> = {
  'io.k8s.api.discovery.v1.EndpointPort': 'DiscoveryEndpointPort',
  'io.k8s.api.events.v1.Event': 'EventsEvent',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec': 'HorizontalPodAutoscalerSpecV1',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus': 'HorizontalPodAutoscalerStatusV1',
};

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`, as overlays name it. */
export function shortNameOf(typeName: string): string {
  return ownShortNames[typeName] ?? typeName.slice(typeName.lastIndexOf('.') + 1);
}

/** Whether apply replaces objects of the type whole. */
export function isAtomicType(typeName: string): boolean {
  return atomicTypes.has(shortNameOf(typeName));
}

function fieldSchema(path: string, { t, d }: GeneratedField): FieldSchema {
  const base = readType(quantities.has(path) ? t.replace('string', 'quantity') : t);
  const field: FieldSchema = { ...base, ...mergeRules[path] };
  if (d !== undefined) field.description = d;
  const values = enums[path];
  if (values) field.enum = values;
  return field;
}

function readType(text: string): FieldSchema {
  if (text.startsWith('[]')) return { type: 'array', items: readType(text.slice(2)) };
  if (text.startsWith('{}')) return { type: 'map', items: readType(text.slice(2)) };
  if (text.startsWith('&')) {
    const ref = text.slice(1);
    return { type: 'object', ref, ...(isAtomicType(ref) && { mapType: 'atomic' }) };
  }
  const [type, format] = text.split(':') as [FieldSchema['type'], string | undefined];
  return format === undefined ? { type } : { type, format };
}
