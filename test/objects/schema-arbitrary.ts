import fc from 'fast-check';
import { knownType } from '../../shared/objects/schema-table.ts';
import type { FieldSchema } from '../../shared/objects/schema.ts';

const words = fc.constantFrom('', 'a', 'web', 'A b', '../x', '/x', 'Always', 'In', 'Exists', '25%', 'x'.repeat(300));

/** Values that decoding accepts for a type, valid or not: any field may be missing, empty or odd. */
export function anyOfType(name: string, depth = 6): fc.Arbitrary<Record<string, unknown>> {
  const { fields } = knownType(name);
  const model = Object.fromEntries(
    Object.entries(fields)
      .filter(([field]) => !['apiVersion', 'kind', 'status', 'managedFields'].includes(field))
      .map(([field, schema]) => [field, fc.option(anyOfField(schema, depth), { nil: undefined, freq: 2 })]),
  );
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<Record<string, unknown>>;
}

function anyOfField(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'object':
      return depth === 0 ? fc.constant({}) : fc.constant(field.ref ?? '').chain((ref) => anyOfType(ref, depth - 1));
    case 'array':
      return fc.array(anyOfField(field.items ?? { type: 'any' }, depth), { maxLength: 2 });
    case 'map':
      return fc.dictionary(words, anyOfField(field.items ?? { type: 'any' }, depth), {
        maxKeys: 2,
        noNullPrototype: true,
      });
    case 'string':
      return field.enum ? fc.oneof(words, fc.constantFrom(...field.enum)) : words;
    case 'integer':
    case 'number':
      return fc.constantFrom(-1, 0, 1, 80, 70_000, 2 ** 31 - 1);
    case 'boolean':
      return fc.boolean();
    case 'int-or-string':
      return fc.constantFrom(-1, 0, 1, 80, 'http', '25%', '');
    case 'quantity':
      return fc.constantFrom('0', '-1', '100m', '1Gi', '1e3');
    case 'time':
    case 'micro-time':
      return fc.constant('2026-01-01T00:00:00Z');
    case 'bytes':
      return fc.constantFrom('', 'eA==');
    case 'any':
      return fc.constant({});
  }
}
