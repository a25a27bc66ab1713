import assert from 'node:assert/strict';
import { generateSchemas } from '../../shared/objects/generate-schemas.ts';
import schemas from '../../shared/objects/generated/schemas.json' with { type: 'json' };
import { enums } from '../../shared/objects/overlay/enums.ts';
import { atomicTypes, mergeRules } from '../../shared/objects/overlay/lists.ts';
import { quantities } from '../../shared/objects/overlay/quantities.ts';
import { fieldNumbers } from '../../shared/objects/protobuf-numbers.ts';
import { resources } from '../../shared/objects/resources.ts';
import { bodyType, findType, knownType, shortNameOf, typeOf } from '../../shared/objects/schema-table.ts';

const typeNames = Object.keys(schemas.types);

function fieldOf(path: string): unknown {
  const [type = '', field = ''] = path.split('.');
  const name = typeNames.find((candidate) => shortNameOf(candidate) === type);
  return name === undefined ? undefined : knownType(name).fields[field];
}

describe('schema table', () => {
  it('is what the generator makes of the installed package', () => {
    assert.deepEqual(schemas, JSON.parse(JSON.stringify(generateSchemas())));
  });

  it('has a type with metadata for every resource, and for the bodies that are not stored', () => {
    for (const info of resources) assert.ok(typeOf(info).fields.metadata, info.kind);
    for (const kind of ['Scale', 'Binding', 'DeleteOptions'] as const) assert.ok(bodyType(kind).fields);
  });

  it('knows every type that a field names', () => {
    for (const name of typeNames) {
      for (const field of Object.values(knownType(name).fields)) {
        for (const ref of [field.ref, field.items?.ref, field.items?.items?.ref]) {
          if (ref !== undefined) assert.ok(findType(ref), ref);
        }
      }
    }
  });

  it('has a field for every row of the overlay', () => {
    for (const path of [...Object.keys(mergeRules), ...Object.keys(enums), ...quantities]) {
      assert.ok(fieldOf(path), path);
    }
    for (const type of atomicTypes)
      assert.ok(
        typeNames.some((name) => shortNameOf(name) === type),
        type,
      );
  });

  it('sorts the values of every enum, as messages list them', () => {
    for (const [path, values] of Object.entries(enums)) assert.deepEqual([...values].sort(), values, path);
  });

  it('reads types, merge keys and required fields', () => {
    const spec = knownType('io.k8s.api.core.v1.PodSpec');
    assert.deepEqual(spec.required, ['containers']);
    assert.equal(spec.fields.containers?.patchMergeKey, 'name');
    assert.deepEqual(spec.fields.volumes?.patchStrategy, ['merge', 'retainKeys']);
    assert.equal(spec.fields.overhead?.items?.type, 'quantity');
    assert.equal(spec.fields.activeDeadlineSeconds?.format, 'int64');
    const lease = knownType('io.k8s.api.coordination.v1.LeaseSpec');
    assert.equal(lease.fields.renewTime?.type, 'micro-time');
    const secret = knownType('io.k8s.api.core.v1.Secret');
    assert.equal(secret.fields.data?.items?.type, 'bytes');
    assert.equal(findType('constructor'), undefined);
  });

  it('numbers the fields of every resource, each number once', () => {
    for (const info of resources) {
      const numbers = fieldNumbers(shortNameOf(typeOf(info).name));
      assert.ok(numbers, info.kind);
      for (const { name } of numbers.values()) assert.ok(typeOf(info).fields[name], `${info.kind}.${name}`);
    }
  });
});
