import assert from 'node:assert/strict';
import { encodeSwagger } from '../../shared/objects/swagger-protobuf.ts';
import { swaggerDocument } from '../../shared/objects/swagger.ts';
import { encode, type Message } from '../contract/protobuf-encoder.ts';

/** Numbers as in OpenAPIv2.proto of gnostic. Fields are in the order of the object, here that of the numbers. */
describe('Swagger 2 as protobuf', () => {
  it('has head, schemes and version', () => {
    const swagger = { swagger: '2.0', info: { title: 'T', version: 'v1' }, schemes: ['https', 'http'] };
    assert.deepEqual(encodeSwagger(swagger), encode({ 1: '2.0', 2: { 1: 'T', 2: 'v1' }, 5: ['https', 'http'] }));
  });

  const schemas: [string, object, Message][] = [
    ['text', { format: 'byte', description: 'ä', type: 'string' }, { 2: 'byte', 4: 'ä', 22: { 1: 'string' } }],
    ['long text', { description: 'ä'.repeat(200_000) }, { 4: 'ä'.repeat(200_000) }],
    ['a reference', { $ref: '#/definitions/A', description: 'd' }, { 1: '#/definitions/A', 4: 'd' }],
    ['fields', { properties: { a: { $ref: 'r' } } }, { 25: { 1: { 1: 'a', 2: { 1: 'r' } } } }],
    ['what is required', { required: ['a', 'b'] }, { 19: ['a', 'b'] }],
    ['a list', { items: { type: 'object' } }, { 23: { 1: { 22: { 1: 'object' } } } }],
    ['a map', { additionalProperties: { format: 'f' } }, { 21: { 1: { 2: 'f' } } }],
    ['a map of anything', { additionalProperties: {} }, { 21: { 1: {} } }],
    ['an enum', { enum: ['A', 'B'] }, { 20: [{ 2: '"A"\n' }, { 2: '"B"\n' }] }],
    ['an extension', { 'x-a': [{ b: 'c' }] }, { 31: { 1: 'x-a', 2: { 2: '[{"b":"c"}]\n' } } }],
  ];
  for (const [what, definition, message] of schemas)
    it(`has ${what} in a definition`, () => {
      const encoded = encodeSwagger({ definitions: { D: definition } });
      assert.deepEqual(encoded, encode({ 9: { 1: { 1: 'D', 2: message } } }));
    });

  const operation = { operationId: 'o' };
  const items: [string, object, Message][] = [
    ...Object.entries({ get: 2, put: 3, post: 4, delete: 5, patch: 8 }).map(
      ([method, number]): [string, object, Message] => [method, { [method]: operation }, { [number]: { 5: 'o' } }],
    ),
    [
      'what it takes and answers',
      {
        patch: {
          description: 'd',
          produces: ['a/d'],
          consumes: ['a/b', 'a/c'],
          responses: { 200: { description: 'OK', schema: { $ref: 'r' } } },
          'x-kubernetes-action': 'patch',
        },
      },
      {
        8: {
          3: 'd',
          6: 'a/d',
          7: ['a/b', 'a/c'],
          9: { 1: { 1: '200', 2: { 1: { 1: 'OK', 2: { 1: { 1: 'r' } } } } } },
          13: { 1: 'x-kubernetes-action', 2: { 2: '"patch"\n' } },
        },
      },
    ],
    [
      'a body',
      { put: { parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: 'r' } }] } },
      { 3: { 8: { 1: { 1: { 2: 'body', 3: 'body', 4: 1, 5: { 1: 'r' } } } } } },
    ],
    [
      'a query',
      { get: { parameters: [{ in: 'query', name: 'limit', type: 'integer', uniqueItems: true }] } },
      { 2: { 8: { 1: { 2: { 3: { 2: 'query', 4: 'limit', 6: 'integer', 20: 1 } } } } } },
    ],
    [
      'parts of the path',
      { parameters: [{ required: true, in: 'path', name: 'name', type: 'string' }] },
      { 9: { 1: { 2: { 4: { 1: 1, 2: 'path', 4: 'name', 5: 'string' } } } } },
    ],
  ];
  for (const [what, item, message] of items)
    it(`has ${what} of a path`, () => {
      const encoded = encodeSwagger({ paths: { '/p': item } });
      assert.deepEqual(encoded, encode({ 8: { 2: { 1: '/p', 2: message } } }));
    });

  it('loses nothing unseen', () => {
    for (const document of [
      { host: 'h' },
      { definitions: { D: { minimum: 1 } } },
      { definitions: { D: { toString: 'x' } } },
    ])
      assert.throws(() => encodeSwagger(document), /has no number in protobuf/);
    assert.throws(() => encodeSwagger({ paths: { '/p': { parameters: [{ in: 'header' }] } } }), /header has no number/);
  });

  it('has all of the document', () => {
    assert.ok(encodeSwagger(swaggerDocument('v1')).length > 500_000);
  });
});
