import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { ControlPlane } from './control-plane.ts';

const map = (name: string, value: string, namespace = 'default'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {key: ${value}}\n`;
const secret = (password: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${password}, user: somebody}\n`;

describe('berth diff', function () {
  this.timeout(120_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
    await plane.ok('apply -f -', { stdin: `${map('m', 'old')}---\n${secret('first')}` });
  });

  after(async () => plane?.stop());

  /** The lines that differ, without the heads of the files. */
  const changes = (stdout: string): string[] => stdout.split('\n').filter((line) => /^[-+](?![-+]{2})/.test(line));

  it('says nothing and ends with 0 when nothing would change', async () => {
    const { code, stdout, stderr } = await plane.berth('diff -f -', { stdin: map('m', 'old') });
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  it('shows what would change and ends with 1, and changes nothing', async () => {
    const { code, stdout, stderr } = await plane.berth('diff -f -', { stdin: map('m', 'new') });
    assert.deepEqual([code, stderr], [1, '']);
    assert.deepEqual(changes(stdout), ['-  key: old', '+  key: new']);
    assert.match(
      stdout,
      /^--- \S*\/LIVE-\w+\/v1\.ConfigMap\.default\.m\t.*\n\+\+\+ \S*\/MERGED-\w+\/v1\.ConfigMap\.default\.m\t/m,
    );
    assert.equal(await plane.ok("get configmap m -o 'jsonpath={.data.key}'"), 'old');
  });

  it('shows the whole of what would be made, in a namespace of the same files too', async () => {
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
    const { code, stdout, stderr } = await plane.berth('diff -f -', {
      stdin: `${namespace}---\n${map('fresh', 'new', 'shop')}`,
    });
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(stdout, /^\+kind: Namespace$/m);
    assert.match(stdout, /^\+ {2}key: new$/m);
    assert.ok(changes(stdout).every((line) => line.startsWith('+')));
  });

  it('tells that a Secret changes, and none of its values', async () => {
    const { code, stdout } = await plane.berth('diff -f -', { stdin: secret('second') });
    assert.equal(code, 1);
    assert.deepEqual(changes(stdout), ['-  password: "*** (before)"', '+  password: "*** (after)"']);
    for (const value of ['first', 'second', 'somebody']) {
      assert.doesNotMatch(stdout, new RegExp(`${value}|${Buffer.from(value).toString('base64')}`));
    }
  });

  it('compares with another program, and leaves no files', async () => {
    const env = { KUBECTL_EXTERNAL_DIFF: 'diff --brief -N' };
    const { code, stdout } = await plane.berth('diff -f -', { stdin: map('m', 'new'), env });
    assert.equal(code, 1);
    assert.match(stdout, /^Files \S+ and \S+ differ\n$/);
    const [, directory = ''] = /\/(LIVE-\w+)\//.exec(stdout) ?? [];
    assert.ok(directory !== '' && !readdirSync(tmpdir()).includes(directory));
  });

  it('ends with 2 when it cannot compare', async () => {
    const [refused, missing, absent, unreachable] = await Promise.all([
      plane.fails('diff -f -', 2, { stdin: map('m', '[]') }),
      plane.fails('diff -f /nowhere', 2),
      plane.fails('diff -f -', 2, { stdin: map('m', 'new'), env: { KUBECTL_EXTERNAL_DIFF: 'no-such-program' } }),
      plane.fails('diff -f - --context other', 2, { stdin: map('m', 'new') }),
    ]);
    assert.match(refused, /standard input: .*data/);
    assert.match(missing, /"\/nowhere" does not exist/);
    assert.match(absent, /cannot run no-such-program/);
    assert.match(unreachable, /other/);
  });
});
