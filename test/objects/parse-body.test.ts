import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasReason, type Reason } from '../../shared/errors.ts';
import { countKeys, findDuplicateKeys } from '../../shared/objects/duplicate-keys.ts';
import { maxBodyBytes, parseBody, type ParsedBody } from '../../shared/objects/parse-body.ts';
import { parseYamlDocuments } from '../../shared/objects/parse-yaml.ts';

const json = 'application/json';
const yaml = 'application/yaml';

function parse(text: string, type = json): ParsedBody {
  return parseBody(Buffer.from(text), type);
}

function refuses(body: string | Uint8Array, type: string, reason: Reason = 'BadRequest'): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const name = JSON.stringify(Buffer.from(bytes.subarray(0, 40)).toString());
  assert.throws(
    () => parseBody(bytes, type),
    (error) => hasReason(error, reason),
    name,
  );
}

describe('parse body', () => {
  it('reads JSON whatever the parameters of its type, and without one', () => {
    for (const type of [json, 'application/json; charset=utf-8', 'APPLICATION/JSON', '']) {
      assert.deepEqual(parse('{"a":[1,null,"x"]}', type).value, { a: [1, null, 'x'] });
    }
    assert.deepEqual(parseBody(Buffer.from('{}'), undefined), { value: {}, problems: [] });
  });

  it('reads an empty body as nothing', () => {
    assert.equal(parse('', json).value, undefined);
    assert.equal(parse('', yaml).value, undefined);
  });

  it('reads YAML as kubectl does', () => {
    const cases: Record<string, unknown> = {
      yes: true,
      off: false,
      '0644': 420,
      '0o644': 420,
      '0x1F': 31,
      '1_000': 1000,
      '12:30': '12:30',
      '12:30:45': '12:30:45',
      '2001-01-01': '2001-01-01',
      '1e3': 1000,
      '.5': 0.5,
      '~': null,
      Null: null,
      '=': '=',
      '"yes"': 'yes',
      '|-\n  a\n  b': 'a\nb',
    };
    for (const [text, expected] of Object.entries(cases)) {
      assert.deepEqual(parse(`k: ${text}`, yaml).value, { k: expected }, text);
    }
    assert.deepEqual(parse('a: &x {b: 1}\nc: {<<: *x, d: 2}', yaml).value, { a: { b: 1 }, c: { b: 1, d: 2 } });
  });

  it('takes JSON for YAML', () => {
    assert.deepEqual(parse(' {"a": 1}', yaml).value, { a: 1 });
  });

  it('names the fields that are written twice', () => {
    const text = '{"spec":{"replicas":1,"replicas":2},"list":[{"x":1},{"x":1,"\\u0078":2}]}';
    const problems = ['duplicate field "spec.replicas"', 'duplicate field "list[1].x"'];
    assert.deepEqual(parse(text).problems, problems);
  });

  it('names the keys of YAML that are written twice, and their lines', () => {
    const text = '# a\nspec:\n  replicas: 1\n  replicas: 2\nlist: [{x: 1}, {x: 1, x: 2}]';
    const problems = ['line 4: key "replicas" already set in map', 'line 5: key "x" already set in map'];
    assert.deepEqual(parse(text, yaml).problems, problems);
    assert.deepEqual(parse(text.replaceAll('\n', '\r\n'), yaml).problems, problems);
  });

  it('counts the keys of any JSON text as they stand there', () => {
    const keysOf = (value: unknown): number =>
      typeof value !== 'object' || value === null
        ? 0
        : Object.values(value).reduce<number>(
            (sum, part) => sum + keysOf(part),
            Array.isArray(value) ? 0 : Object.keys(value).length,
          );
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        assert.equal(countKeys(JSON.stringify(value, undefined, indent)), keysOf(value));
      }),
    );
    assert.equal(countKeys('{"a": 1, "a":{"\\":" : "b\\u0022" :[{"c":":"}]}}'), 5);
  });

  it('finds no duplicates in what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(findDuplicateKeys(text), [])));
  });

  it('splits documents and leaves out empty ones', () => {
    const values = parseYamlDocuments('---\na: 1\n---\n# nothing\n---\nb: 2\n').map(({ value }) => value);
    assert.deepEqual(values, [{ a: 1 }, { b: 2 }]);
    refuses('a: 1\n---\nb: 2', yaml);
  });

  it('refuses what is no JSON in words that clients know', () => {
    assert.throws(
      () => parseBody(Buffer.from('kind: Namespace'), undefined, 'Namespace'),
      /^ApiError: the object provided is unrecognized \(must be of type Namespace\): /,
    );
  });

  it('refuses hostile bodies', () => {
    refuses(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), json);
    refuses('{"a":"\\u0000"}', json);
    refuses('{"a\\u0000":1}', json);
    refuses('{"__proto__":{"x":1}}', json);
    refuses('{"a":{"__proto__":1}}', json);
    refuses('__proto__: {x: 1}', yaml);
    refuses('{"a":1e999}', json);
    refuses('a: .inf', yaml);
    refuses('a: !!binary aGk=', yaml);
    refuses('a: !!js/function x', yaml);
    refuses('a: &a [*a]', yaml);
    refuses('"a', yaml);
    refuses(`${'['.repeat(200)}${']'.repeat(200)}`, json);
    refuses(`[${'{},'.repeat(400_000)}{}]`, json);
    refuses('x', 'text/plain', 'UnsupportedMediaType');
    refuses(Buffer.alloc(maxBodyBytes + 1, 0x20), json, 'RequestEntityTooLarge');
  });

  it('answers within bounds to bodies made to be slow', function () {
    this.timeout(10_000);
    const laughs = ['a: &a [x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de']) laughs.push(`${to}: &${to} [${`*${from},`.repeat(8)}]`);
    refuses(laughs.join('\n'), yaml);
    refuses('- '.repeat(500_000), yaml);
    refuses('['.repeat(1_000_000), yaml);
    refuses('['.repeat(1_000_000), json);
    refuses('"'.repeat(1_000_000), yaml);
    refuses('%a\n'.repeat(500_000), yaml);
    refuses('- a: b\n'.repeat(400_000), yaml);
    refuses(Array.from({ length: 10_000 }, (_, index) => `k${index}: &a${index} 1`).join('\n'), yaml);
    refuses(`a: ${'!x '.repeat(200_000)}b`, yaml);
    refuses('...\n'.repeat(20_000), yaml);
    const wide = `x: &x {${Array.from({ length: 10_000 }, (_, index) => `k${index}: 1`).join(',')}}`;
    refuses(`${wide}\ny: [${'{<<: [*x, *x, *x, *x]},'.repeat(200)}]`, yaml);
  });

  it('names a few of many fields that are written twice, and a part of long ones', () => {
    const long = 'k'.repeat(50_000);
    const twice = `{"${long}":{${'"a":1,'.repeat(2_000)}"a":1}}`;
    for (const type of [json, yaml]) {
      const { problems } = parse(type === json ? twice : `# YAML\n${twice}`.replaceAll('":', '": '), type);
      assert.ok(problems.length > 0 && problems.length <= 50, `${problems.length} problems`);
      assert.ok(problems.join().length < 50_000, 'long problems');
    }
  });

  it('refuses a body that is too deep before it looks at what stands twice in it', function () {
    this.timeout(10_000);
    refuses(`${'['.repeat(500_000)}{${'"a":1,'.repeat(50_000)}"a":1}${']'.repeat(500_000)}`, json);
  });

  it('throws nothing but BadRequest, whatever the bytes', () => {
    const type = fc.constantFrom(json, yaml, 'application/vnd.kubernetes.protobuf');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), type, (bytes, contentType) => {
        try {
          parseBody(bytes, contentType);
        } catch (error) {
          assert.ok(hasReason(error, 'BadRequest'), String(error));
        }
      }),
    );
  });
});
