import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { JsonObject } from '../../../controller/api/patch/json.ts';
import { shapeOf } from '../../../controller/api/patch/shape.ts';
import { strategicMerge } from '../../../controller/api/patch/strategic-merge.ts';
import { hasReason } from '../../../shared/errors.ts';
import { findResource } from '../../../shared/objects/resources.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { findType } from '../../../shared/objects/schema-table.ts';

const pods = findResource('pods') as ResourceInfo;
const types = { find: findType };

function merge(target: object, patch: object): JsonObject {
  return strategicMerge(types, shapeOf(pods), target as JsonObject, patch as JsonObject);
}
const inSpec = (target: object, patch: object): unknown => merge({ spec: target }, { spec: patch })['spec'];
const containers = (...names: string[]): object[] => names.map((name) => ({ name, image: `${name}:1` }));
const namesOf = (spec: unknown): string[] =>
  (spec as { containers: { name: string }[] }).containers.map(({ name }) => name);
const refuses = (patch: object, message: RegExp): void =>
  assert.throws(
    () => inSpec({ containers: containers('a'), volumes: [] }, patch),
    (error) => hasReason(error, 'BadRequest') && message.test(error.message),
  );

describe('strategic merge patch', () => {
  it('merges objects and removes by null', () => {
    const merged = merge(
      { metadata: { name: 'x', labels: { a: '1', b: '2' } } },
      { metadata: { labels: { a: null, c: '3' } } },
    );
    assert.deepEqual(merged, { metadata: { name: 'x', labels: { b: '2', c: '3' } } });
  });

  it('merges elements by their key, in the order of the patch, and keeps the others', () => {
    const patch = {
      containers: [
        { name: 'b', image: 'b:2' },
        { name: 'c', image: 'c:1', args: null },
      ],
    };
    assert.deepEqual(inSpec({ containers: containers('a', 'b') }, patch), {
      containers: [...containers('a'), { name: 'b', image: 'b:2' }, ...containers('c')],
    });
    const added = inSpec({ containers: containers('a', 'b') }, { containers: containers('new') });
    assert.deepEqual(namesOf(added), ['new', 'a', 'b']);
  });

  it('replaces lists whose schema does not say how they merge', () => {
    const tolerations = [{ key: 'a' }, { key: 'b' }];
    assert.deepEqual(inSpec({ tolerations }, { tolerations: [{ key: 'c' }] }), { tolerations: [{ key: 'c' }] });
    assert.deepEqual(merge({ unknown: [1, 2] }, { unknown: [3] }), { unknown: [3] });
  });

  it('deletes elements, also those that are not there', () => {
    const patch = { containers: [{ $patch: 'delete', name: 'a' }, { $patch: 'delete', name: 'none' }, { name: 'c' }] };
    assert.deepEqual(namesOf(inSpec({ containers: containers('a', 'b') }, patch)), ['c', 'b']);
  });

  it('takes a deleted element again when the patch brings it anew', () => {
    const patch = {
      containers: [
        { $patch: 'delete', name: 'a' },
        { name: 'a', args: ['x'] },
      ],
    };
    assert.deepEqual(inSpec({ containers: containers('a') }, patch), { containers: [{ name: 'a', args: ['x'] }] });
  });

  it('replaces a list or a map as a whole on request', () => {
    const list = { containers: [{ $patch: 'replace' }, { name: 'z' }, { $patch: 'delete', name: 'a' }] };
    assert.deepEqual(inSpec({ containers: containers('a', 'b') }, list), { containers: [{ name: 'z' }] });
    const map = { securityContext: { $patch: 'replace', runAsUser: 1 } };
    assert.deepEqual(inSpec({ securityContext: { fsGroup: 2 } }, map), { securityContext: { runAsUser: 1 } });
    assert.deepEqual(inSpec({ securityContext: { fsGroup: 2 } }, { securityContext: { $patch: 'delete' } }), {
      securityContext: {},
    });
  });

  it('orders by $setElementOrder, with unnamed elements where they stood', () => {
    const spec = { containers: containers('injected', 'a', 'b', 'sidecar') };
    const patch = {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'new' }, { name: 'a' }],
      containers: [{ name: 'new', image: 'n' }],
    };
    assert.deepEqual(namesOf(inSpec(spec, patch)), ['injected', 'b', 'new', 'a', 'sidecar']);
  });

  it('only orders when the patch has no elements', () => {
    const patch = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] };
    assert.deepEqual(namesOf(inSpec({ containers: containers('a', 'b') }, patch)), ['b', 'a']);
  });

  it('removes an element and orders the rest as kubectl apply asks', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'C', value: '3' },
    ];
    const patch = {
      '$setElementOrder/containers': [{ name: 'a' }],
      containers: [
        { name: 'a', '$setElementOrder/env': [{ name: 'C' }, { name: 'A' }], env: [{ $patch: 'delete', name: 'B' }] },
      ],
    };
    assert.deepEqual(inSpec({ containers: [{ name: 'a', env }] }, patch), {
      containers: [{ name: 'a', env: [env[2], env[0]] }],
    });
  });

  it('keeps only what $retainKeys names, as a change of volume type needs', () => {
    const spec = { volumes: [{ name: 'v', emptyDir: {} }] };
    const patch = { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] };
    assert.deepEqual(inSpec(spec, patch), { volumes: [{ name: 'v', hostPath: { path: '/x' } }] });
  });

  it('merges lists of scalars, removes from them and orders them', () => {
    const merged = merge(
      { metadata: { finalizers: ['a', 'b', 'c'] } },
      {
        metadata: {
          '$deleteFromPrimitiveList/finalizers': ['b'],
          '$setElementOrder/finalizers': ['c', 'a', 'd'],
          finalizers: ['d', 'a'],
        },
      },
    );
    assert.deepEqual(merged, { metadata: { finalizers: ['c', 'a', 'd'] } });
    const emptied = merge(
      { metadata: { finalizers: ['a'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    );
    assert.deepEqual(emptied, { metadata: { finalizers: [] } });
  });

  it('keeps no directive and no null in what is new', () => {
    const patch = {
      '$setElementOrder/volumes': [{ name: 'v' }],
      volumes: [
        { name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: { medium: null } },
        { name: 'gone', $patch: 'delete' },
      ],
    };
    assert.deepEqual(inSpec({}, patch), { volumes: [{ name: 'v', emptyDir: {} }] });
  });

  it('refuses patches it cannot follow', () => {
    refuses({ containers: [{ image: 'x' }] }, /does not contain declared merge key: name/);
    refuses({ containers: [{ $patch: 'merge', name: 'a' }] }, /\$patch/);
    refuses({ $patch: 'sort' }, /unknown patch type found/);
    refuses(
      { volumes: [{ name: 'v', emptyDir: {} }], $retainKeys: ['containers'] },
      /\$retainKeys does not name volumes/,
    );
    refuses({ '$setElementOrder/containers': 1 }, /must be a list/);
  });

  it('replaces where the kinds of values differ', () => {
    assert.deepEqual(merge({ a: { b: 1 } }, { a: [1] }), { a: [1] });
    assert.deepEqual(inSpec({ containers: { broken: 1 } }, { containers: containers('a') }), {
      containers: containers('a'),
    });
  });

  const element = fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('x', 'y') },
    { requiredKeys: ['name'] },
  );
  const distinct = fc.uniqueArray(element, { selector: ({ name }) => name });
  const spec = fc.record(
    {
      containers: distinct,
      nodeName: fc.constantFrom('n', 'm'),
      tolerations: fc.array(fc.record({ key: fc.string() })),
    },
    { requiredKeys: [] },
  );

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(spec, spec, (target, patch) => {
        const once = inSpec(target, patch) as object;
        assert.deepEqual(inSpec(once, patch), once);
      }),
    );
  });

  it('loses no element that the patch does not name', () => {
    fc.assert(
      fc.property(distinct, distinct, (target, patch) => {
        const merged = namesOf(inSpec({ containers: target }, { containers: patch }));
        assert.deepEqual(new Set(merged), new Set([...target, ...patch].map(({ name }) => name)));
        assert.equal(merged.length, new Set(merged).size);
      }),
    );
  });
});
