import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifests, readManifests } from '../../cli/client/manifests.ts';
import { UsageError } from '../../cli/usage.ts';

const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n';

describe('manifests', () => {
  it('reads several documents, JSON, and lists taken apart', () => {
    assert.equal(parseManifests('a.yaml', `${pod}---\n${pod}---\n`).length, 2);
    assert.equal(parseManifests('a.json', '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}').length, 1);
    const list =
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n';
    assert.deepEqual(
      parseManifests('l.yaml', list).map(({ object }) => object.metadata.name),
      ['a', 'b'],
    );
  });

  it('reads numbers and words as kubectl does', () => {
    const [manifest] = parseManifests('a.yaml', `${pod}spec: {mode: 0755, other: 0o644, on: yes, time: 2026-01-01}\n`);
    assert.deepEqual((manifest?.object as { spec?: unknown } | undefined)?.spec, {
      mode: 0o755,
      other: 0o644,
      true: true,
      time: '2026-01-01',
    });
  });

  const bad: [string, string, RegExp][] = [
    ['broken YAML', `${pod}---\nkind: [`, /web\.yaml document 2: line \d+/],
    ['a tab for indentation', 'kind: Pod\n\tname: x\n', /web\.yaml: line 2/],
    ['a scalar', 'hello', /web\.yaml: is not an object/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', /web\.yaml: kind: missing/],
    ['no apiVersion', 'kind: Pod\nmetadata: {name: a}\n', /web\.yaml: apiVersion: missing/],
    ['no name', 'apiVersion: v1\nkind: Pod\n', /web\.yaml: metadata\.name: missing/],
    ['a bad item of a list', 'apiVersion: v1\nkind: List\nitems: [{kind: Pod}]\n', /web\.yaml items\[0\]: apiVersion/],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((key, at) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[at]}`).join(',')}]`)
        .join('\n')}\n`,
      /web\.yaml: .*alias/i,
    ],
    ['too many documents', `${pod}---\n`.repeat(1001), /more than 1000 documents/],
  ];
  for (const [what, text, message] of bad) {
    it(`refuses ${what} and names file, document and line`, () => {
      assert.throws(
        () => parseManifests('web.yaml', text),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  it('reads directories in the order of their names and says when there is nothing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'berth-manifests-'));
    try {
      await assert.rejects(readManifests([dir], false), /no objects in/);
      writeFileSync(join(dir, 'b.yaml'), pod.replace('web', 'b'));
      writeFileSync(join(dir, 'a.yml'), pod.replace('web', 'a'));
      writeFileSync(join(dir, 'notes.txt'), 'not a manifest');
      const found = await readManifests([dir], false);
      assert.deepEqual(
        found.map(({ object }) => object.metadata.name),
        ['a', 'b'],
      );
      await assert.rejects(readManifests([join(dir, 'c.yaml')], false), /does not exist/);
      await assert.rejects(readManifests([], false), UsageError);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
