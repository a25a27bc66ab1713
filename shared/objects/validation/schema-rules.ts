import type { Cause } from '../../errors.ts';
import { knownType, shortNameOf } from '../schema-table.ts';
import type { FieldSchema, TypeSchema } from '../schema.ts';
import { notSupported, required } from './causes.ts';

/** Required in the schema, yet empty and absent are the same and allowed. */
const mayBeEmpty: ReadonlySet<string> = new Set([
  'HTTPHeader.value',
  'Sysctl.value',
  // The rules of the kind say more about these.
  'PodSpec.containers',
  'PolicyRule.verbs',
  'Endpoint.addresses',
  'NodeSelector.nodeSelectorTerms',
  'SuccessPolicy.rules',
  'PodFailurePolicyOnExitCodesRequirement.values',
  'HTTPIngressRuleValue.paths',
  'TopologySelectorLabelRequirement.values',
  'ControllerRevision.revision',
]);
/** Written by the system, not by users: what is in there is not worth refusing an object for. */
const notChecked: ReadonlySet<string> = new Set(['status', 'managedFields']);

/** Missing required fields and values outside of an enum, anywhere in an object that has been decoded. */
export function schemaCauses(type: TypeSchema, value: Readonly<Record<string, unknown>>, path = ''): Cause[] {
  const shortName = shortNameOf(type.name);
  const missing = type.required
    .filter((name) => isMissing(value[name]) && !mayBeEmpty.has(`${shortName}.${name}`))
    .map((name) => required(join(path, name)));
  const wrong = Object.entries(value).flatMap(([name, item]) => {
    const field = type.fields[name];
    return field && !notChecked.has(name) ? fieldCauses(field, item, join(path, name)) : [];
  });
  return [...missing, ...wrong];
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === '';
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function fieldCauses(field: FieldSchema, value: unknown, path: string): Cause[] {
  if (Array.isArray(value)) {
    const items = field.items;
    return items ? value.flatMap((item, index) => fieldCauses(items, item, `${path}[${index}]`)) : [];
  }
  if (field.type === 'object') return schemaCauses(knownType(field.ref ?? ''), value as Record<string, unknown>, path);
  if (field.enum && value !== '' && !field.enum.includes(String(value))) return [notSupported(path, value, field.enum)];
  return [];
}
