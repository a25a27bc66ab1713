import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../support/until.ts';
import { berthArguments, ControlPlane } from './control-plane.ts';
import { runCommand } from '../support/command.ts';

const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('berth and its standard streams', function () {
  this.timeout(120_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
    await plane.ok('apply -f -', { stdin: map('first') });
  });

  after(async () => plane?.stop());

  /** Runs a line of shell in which `$berth` is the command line. */
  async function shell(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { KUBECONFIG: plane.kubeconfig, berth: [process.execPath, ...berthArguments].join(' ') };
    return runCommand('bash', ['-o', 'pipefail', '-c', line], { env });
  }

  it('takes a reader who has had enough for no failure', async () => {
    for (const line of [
      '$berth get all,ns,cm -A -o yaml | head -n 1',
      '$berth get ns | true',
      '$berth --help | head -n 1',
    ]) {
      const { code, stderr } = await shell(line);
      assert.deepEqual([code, stderr], [0, ''], line);
    }
  });

  it('goes on changing things when nobody reads what it says', async () => {
    const names = Array.from({ length: 5 }, (_none, index) => `m${index}`);
    const file = await plane.file('many.yaml', names.map(map).join('---\n'));
    assert.equal((await shell(`$berth apply -f ${file} | true`)).code, 0);
    for (const name of names) await plane.ok(['get', 'configmap', name]);
  });

  async function interrupt(
    child: ChildProcess,
    when: RegExp,
  ): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const said = { stdout: '', stderr: '' };
    child.stdout?.on('data', (data: Buffer) => (said.stdout += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (said.stderr += data.toString()));
    const ended = once(child, 'close');
    await until(() => when.test(said.stdout), String(when), { withinMs: 30_000 });
    child.kill('SIGINT');
    const [code] = (await ended) as unknown[];
    return { code, ...said };
  }

  it('follows changes until it is interrupted, quietly and with exit code 130', async () => {
    const child = plane.spawn('get configmaps -w');
    const done = interrupt(child, /^first +0 .*\n(.*\n)*second +0/m);
    await until(() => plane.berth('apply -f -', { stdin: map('second') }).then(({ code }) => code === 0), 'applied');
    const { code, stderr, stdout } = await done;
    assert.deepEqual([code, stderr], [130, '']);
    assert.match(stdout, /^NAME +DATA +AGE\n/);
    assert.equal(stdout.split('NAME').length, 2);
  });

  it('follows objects and events as well', async () => {
    const objects = interrupt(plane.spawn("get configmap first -w -o 'jsonpath={.metadata.name};'"), /first;first;/);
    const events = interrupt(plane.spawn('events -w --for pod/lonely'), /FailedScheduling/);
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: lonely}\nspec: {containers: [{name: c, image: i}]}\n';
    await plane.ok('apply -f -', { stdin: `${pod}---\n${map('first').replace('}', ', labels: {a: b}}')}` });
    let count = 0;
    const change = async (): Promise<void> => {
      count += 1;
      await plane.ok('apply -f -', { stdin: map('first').replace('}', `, labels: {a: "${count}"}}`) });
    };
    let isSeen = false;
    void objects.then(() => (isSeen = true));
    await until(() => change().then(() => isSeen), 'the change was seen', { withinMs: 60_000 });
    for (const { code, stderr } of await Promise.all([objects, events])) assert.deepEqual([code, stderr], [130, '']);
  });

  it('ends when the server is gone, and says so', async () => {
    const other = await ControlPlane.start();
    const child = other.spawn('get namespaces -w');
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    const ended = once(child, 'close');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    await other.stop();
    const [code] = (await ended) as unknown[];
    assert.equal(code, 1);
    assert.match(said, /^berth: cannot reach https:.*\n$/);
  });
});
