import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonPatch } from '../../../controller/api/patch/json-patch.ts';
import type { Json } from '../../../controller/api/patch/json.ts';
import { hasReason } from '../../../shared/errors.ts';
import type { Reason } from '../../../shared/errors.ts';

const document: Json = { a: { 'b/c': 1, 'd~e': [1, 2, 3] }, list: [{ name: 'x' }, { name: 'y' }] };

const refuses = (operations: unknown, reason: Reason): void =>
  assert.throws(
    () => jsonPatch(document, operations),
    (error) => hasReason(error, reason),
  );

describe('JSON patch', () => {
  const cases: [string, object, Json][] = [
    ['adds a field', { op: 'add', path: '/new', value: 1 }, { ...document, new: 1 }],
    ['replaces a field that is there when it adds', { op: 'add', path: '/a', value: 1 }, { ...document, a: 1 }],
    ['inserts', { op: 'add', path: '/list/1', value: 9 }, { ...document, list: [{ name: 'x' }, 9, { name: 'y' }] }],
    ['appends', { op: 'add', path: '/list/-', value: 9 }, { ...document, list: [{ name: 'x' }, { name: 'y' }, 9] }],
    [
      'appends by index',
      { op: 'add', path: '/list/2', value: null },
      { ...document, list: [{ name: 'x' }, { name: 'y' }, null] },
    ],
    ['removes', { op: 'remove', path: '/list/0' }, { ...document, list: [{ name: 'y' }] }],
    [
      'replaces',
      { op: 'replace', path: '/list/0/name', value: 'z' },
      { ...document, list: [{ name: 'z' }, { name: 'y' }] },
    ],
    ['reads escapes', { op: 'replace', path: '/a/b~1c', value: 2 }, { ...document, a: { 'b/c': 2, 'd~e': [1, 2, 3] } }],
    ['reads more escapes', { op: 'remove', path: '/a/d~0e/1' }, { ...document, a: { 'b/c': 1, 'd~e': [1, 3] } }],
    [
      'moves',
      { op: 'move', from: '/a', path: '/list/0' },
      { list: [document.a, { name: 'x' }, { name: 'y' }] as Json },
    ],
    ['copies', { op: 'copy', from: '/list/0', path: '/a' }, { ...document, a: { name: 'x' } }],
    ['tests whatever the order of keys', { op: 'test', path: '/a', value: { 'd~e': [1, 2, 3], 'b/c': 1 } }, document],
    ['replaces the whole', { op: 'replace', path: '', value: { z: 1 } }, { z: 1 }],
  ];
  for (const [what, operation, expected] of cases) {
    it(what, () => assert.deepEqual(jsonPatch(document, [operation]), expected));
  }

  it('does nothing at all when one operation fails', () => {
    const before = structuredClone(document);
    refuses(
      [
        { op: 'remove', path: '/a' },
        { op: 'test', path: '/list', value: [] },
      ],
      'Invalid',
    );
    assert.deepEqual(document, before);
  });

  it('leaves the request as it was, so that it can be tried again', () => {
    const operations = [
      { op: 'add', path: '/new', value: {} },
      { op: 'add', path: '/new/x', value: 1 },
    ];
    jsonPatch(document, operations);
    assert.deepEqual(operations[0]?.value, {});
  });

  it('refuses what does not fit the document', () => {
    for (const operation of [
      { op: 'remove', path: '/none' },
      { op: 'replace', path: '/none', value: 1 },
      { op: 'add', path: '/none/x', value: 1 },
      { op: 'add', path: '/list/3', value: 1 },
      { op: 'add', path: '/list/01', value: 1 },
      { op: 'add', path: '/list/-1', value: 1 },
      { op: 'remove', path: '/list/-' },
      { op: 'remove', path: '/toString' },
      { op: 'move', from: '/a', path: '/a/b~1c' },
      { op: 'copy', from: '/none', path: '/x' },
      { op: 'test', path: '/list/0', value: { name: 'y' } },
      { op: 'add', path: '/a/b~1c/x', value: 1 },
    ]) {
      refuses([operation], 'Invalid');
    }
  });

  it('refuses what is no JSON patch', () => {
    for (const body of [{}, 'x', [1], [{ op: 'fix', path: '/a' }], [{ op: 'add', path: '/a' }], [{ op: 'remove' }]]) {
      refuses(body, 'BadRequest');
    }
    refuses([{ op: 'remove', path: 'a' }], 'BadRequest');
    refuses([{ op: 'remove', path: '/a~2' }], 'BadRequest');
  });

  it('bounds the number of operations and what copies add', () => {
    refuses(
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a/b~1c', value: 1 })),
      'RequestEntityTooLarge',
    );
    refuses(
      Array.from({ length: 64 }, () => ({ op: 'copy', from: '/list', path: '/list/-' })),
      'RequestEntityTooLarge',
    );
  });

  it('adds a field named __proto__ like any other', () => {
    const body = JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":1}}]') as unknown;
    const patched = jsonPatch({}, body);
    assert.equal(JSON.stringify(patched), '{"__proto__":{"polluted":1}}');
    assert.equal(Object.getPrototypeOf(patched), Object.prototype);
  });

  it('undoes an add by a remove', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (base, key, value) => {
        fc.pre(!Object.hasOwn(base, key));
        const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const plain = JSON.parse(JSON.stringify(base)) as Json;
        const given = JSON.parse(JSON.stringify(value)) as Json;
        const added = jsonPatch(plain, [{ op: 'add', path, value: given }]);
        assert.deepEqual(
          jsonPatch(added, [
            { op: 'test', path, value: given },
            { op: 'remove', path },
          ]),
          plain,
        );
      }),
    );
  });
});
