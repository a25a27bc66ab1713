import assert from 'node:assert/strict';
import { ControlPlane } from './control-plane.ts';

const map = (name: string, labels: Record<string, string> = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } });

describe('berth label and annotate', function () {
  this.timeout(120_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
    await plane.ok('apply -f -', { stdin: [map('a', { app: 'x' }), map('b')].join('\n---\n') });
  });

  after(async () => plane?.stop());

  it('sets labels, changes them only when told to, and removes them', async () => {
    assert.equal(await plane.ok('label configmap a tier=front size=1'), 'configmap/a labeled');
    assert.equal(await plane.ok('label cm/a tier=front'), 'configmap/a not labeled');
    const refusal = await plane.fails('label cm a tier=back', 1);
    assert.match(refusal, /'tier' already has a value \(front\), and --overwrite is false/);
    assert.equal(await plane.ok('label cm a tier=back --overwrite'), 'configmap/a labeled');
    assert.equal(await plane.ok('label cm a size- deep=1'), 'configmap/a unlabeled');
    assert.equal(await plane.ok('label cm a --list'), 'app=x\ndeep=1\ntier=back');
    const { stdout, stderr } = await plane.berth('label cm a size-');
    assert.deepEqual([stdout, stderr], ['configmap/a not labeled\n', 'label "size" not found.\n']);
  });

  it('changes several objects: by label, all of a type, those of a file', async () => {
    const file = await plane.file('maps.yaml', `${map('a')}\n---\n${map('b')}\n`);
    assert.equal(await plane.ok('label cm -l app=x chosen=1'), 'configmap/a labeled');
    assert.equal(await plane.ok(['label', '-f', file, 'both=1']), 'configmap/a labeled\nconfigmap/b labeled');
    assert.match(await plane.ok('label cm --all every=1'), /configmap\/a labeled\nconfigmap\/b labeled/);
    assert.equal(await plane.ok('get cm -l both,every -o name'), 'configmap/a\nconfigmap/b');
    assert.match(
      await plane.ok('label cm a b --list'),
      /^Listing labels for configmap\/a:\napp=x\n[^]*configmap\/b:\nboth=1/,
    );
  });

  it('sets and removes annotations, in the version that was seen, and nothing in a dry run', async () => {
    const note = (): Promise<string> => plane.ok("get cm b -o 'jsonpath={.metadata.annotations.note}'");
    assert.equal(await plane.ok("annotate cm b 'note=a b=c' --dry-run"), 'configmap/b annotated (server dry run)');
    assert.equal(await note(), '');
    assert.equal(await plane.ok("annotate cm b 'note=a b=c'"), 'configmap/b annotated');
    assert.equal(await note(), 'a b=c');
    const stale = await plane.fails('annotate cm b note=x --overwrite --resource-version=1', 1);
    assert.match(stale, /the object has been modified/);
    assert.equal(await plane.ok('annotate cm b note- -o name'), 'configmap/b');
    assert.equal(await note(), '');
  });

  it('says what is wrong with the words', async () => {
    const wrong: [string, RegExp][] = [
      ['label cm a', /name a label, as tier=front/],
      ['label cm x=1', /name the objects, or choose them with -l/],
      ['label cm a x=1 x-', /"x" is named twice/],
      ['annotate cm a =1', /"=1" is not KEY=VALUE or KEY-/],
    ];
    for (const [words, message] of wrong) assert.match(await plane.fails(words, 2), message);
    assert.match(await plane.fails(['label', 'cm', 'a', 'bad key=1'], 1), /metadata\.labels: Invalid value: "bad key"/);
    assert.match(await plane.fails('label cm none x=1', 1), /configmaps "none" not found/);
  });

  it('lets apply set again what a command has changed', async () => {
    assert.equal(await plane.ok('label cm a app=y --overwrite'), 'configmap/a labeled');
    assert.equal(await plane.ok('apply -f -', { stdin: map('a', { app: 'z' }) }), 'configmap/a configured');
  });
});
