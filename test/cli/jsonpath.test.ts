import assert from 'node:assert/strict';
import { fillTemplate, parsePath, valuesAt } from '../../cli/print/jsonpath.ts';
import { UsageError } from '../../cli/usage.ts';

const pod = {
  metadata: { name: 'web', labels: { 'example.com/tier': 'front' } },
  spec: {
    containers: [
      { name: 'a', image: 'a:1', ports: [{ containerPort: 80 }] },
      { name: 'b', image: 'b:1', ready: true },
      { name: 'c', image: 'c:1' },
    ],
  },
};

describe('paths into objects', () => {
  const cases: [string, unknown[]][] = [
    ['.metadata.name', ['web']],
    ['{.metadata.name}', ['web']],
    ['$.metadata.name', ['web']],
    ['metadata.name', ['web']],
    ['.metadata.labels.example\\.com/tier', ['front']],
    [".metadata.labels['example.com/tier']", ['front']],
    ['.spec.containers[0].name', ['a']],
    ['.spec.containers[-1].name', ['c']],
    ['.spec.containers[*].name', ['a', 'b', 'c']],
    ['.spec.containers[1:].name', ['b', 'c']],
    ['.spec.containers[:2].name', ['a', 'b']],
    ['.spec.containers[?(@.name=="b")].image', ['b:1']],
    ['.spec.containers[?(@.name!="b")].name', ['a', 'c']],
    ['.spec.containers[?(@.ready)].name', ['b']],
    ['.spec.containers[?(@.ready==true)].name', ['b']],
    ['.spec.containers[?(@.ports[0].containerPort>79)].name', ['a']],
    ['..containerPort', [80]],
    ['..image', ['a:1', 'b:1', 'c:1']],
    ['.spec.nothing.at.all', []],
    ['.metadata.name.more', []],
    ['.spec.containers[9]', []],
  ];
  for (const [path, values] of cases) {
    it(`finds ${path}`, () => assert.deepEqual(valuesAt(pod, parsePath(path)), values));
  }

  it('fills templates', () => {
    assert.equal(fillTemplate('{.metadata.name}: {.spec.containers[*].name}\n', pod), 'web: a b c\n');
    const lines = '{range .spec.containers[*]}{.name}{"\\t"}{.image}{"\\n"}{end}!';
    assert.equal(fillTemplate(lines, pod), 'a\ta:1\nb\tb:1\nc\tc:1\n!');
    assert.equal(fillTemplate('{.spec.containers[0].ports}', pod), '[{"containerPort":80}]');
    assert.equal(fillTemplate('{.nothing}', pod), '');
    assert.equal(fillTemplate('{.spec.containers[?(@.name=="}")].name}.', pod), '.');
  });

  it('refuses what it cannot read', () => {
    for (const wrong of ['{.a', '}', '{range .a[*]}', '{.a[}', '{.a[x]}', '{.a b}', '{"\\q"}']) {
      assert.throws(() => fillTemplate(wrong, pod), UsageError, wrong);
    }
  });
});
