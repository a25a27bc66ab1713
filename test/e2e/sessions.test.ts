import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady, podsPath } from './cluster.ts';
import { KubectlTerminal } from './terminal.ts';
import { idle, shellPod, toolsImage } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

const bigBytes = 50 << 20;

describe('sessions with pods', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;
  let children: ChildProcess[];

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
    await cluster.create(shellPod('web', idle), shellPod('shell', 'exec sh', {}, { stdin: true, tty: true }));
    for (const name of ['web', 'shell']) await cluster.untilPod(name, 'is ready', isReady);
  });
  beforeEach(() => {
    children = [];
  });
  afterEach(function () {
    for (const child of children) child.kill('SIGKILL');
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  /** A kubectl that is killed at the end of the test, with what it has said so far. */
  const start = (args: readonly string[]): { child: ChildProcess; said: () => string; ended: Promise<number> } => {
    const child = kubectl.start(args);
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()));
    const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]) => code ?? -1);
    return { child, said: () => text, ended };
  };
  const inWeb = (script: string): Promise<string> => kubectl.ok(`exec web -- sh -c '${script}'`);

  it('carry 50 MB in and out, whole', async () => {
    const sent = randomBytes(bigBytes)
      .toString('latin1')
      .replaceAll(/[^ -~]/g, '.');
    const { code, stdout } = await kubectl.run(['exec', '-i', 'web', '--', 'cat'], { stdin: sent });
    const sum = (text: string): string => createHash('md5').update(text).digest('hex');
    assert.deepEqual([code, stdout.length, sum(stdout)], [0, sent.length, sum(sent)]);
  });

  it('are not held up by one whose client does not read', async () => {
    const stalled = kubectl.start(['exec', 'web', '--', 'sh', '-c', 'cat /dev/zero']);
    children.push(stalled);
    await once(stalled.stdout, 'readable');
    stalled.kill('SIGSTOP');
    const { code, stdout } = await kubectl.run(['exec', 'web', '--', 'head', '-c', '20000000', '/dev/zero']);
    assert.deepEqual([code, stdout.length], [0, 20_000_000]);
  });

  it('end with their client, and their command with them', async () => {
    const { child, said } = start(['exec', '-i', 'web', '--', 'sh', '-c', 'echo begun; exec sleep 76543']);
    await until(() => said().includes('begun'), 'the command runs');
    assert.match(await inWeb('ps -o args'), /sleep 76543/);
    child.kill('SIGKILL');
    await until(async () => !/sleep 76543/.test(await inWeb('ps -o args')), 'the command has ended');
  });

  for (const verb of ['exec', 'attach', 'logs', 'port-forward'] as const) {
    it(`${verb} ends when its pod is deleted`, async () => {
      const script = 'while true; do echo tick; sleep 0.2; done';
      await cluster.create(shellPod('passing', script));
      await cluster.untilPod('passing', 'is ready', isReady);
      const { said, ended } = start(
        {
          exec: ['exec', 'passing', '--', 'sh', '-c', script],
          attach: ['attach', 'passing'],
          logs: ['logs', '-f', 'passing'],
          'port-forward': ['port-forward', 'passing', ':8080'],
        }[verb],
      );
      await until(() => /tick|Forwarding from/.test(said()), 'it runs');
      await cluster.delete(`${podsPath}/passing`);
      await until(async () => (await cluster.pod('passing')) === undefined, 'the pod is gone');
      if (verb === 'port-forward') {
        // As with Kubernetes, it notices with the next connection.
        const [, port] = /127\.0\.0\.1:(\d+)/.exec(said()) ?? assert.fail(said());
        await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
        await until(() => /error|lost connection/i.test(said()), 'it says so');
        return;
      }
      const code = await ended;
      if (verb === 'exec') assert.notEqual(code, 0, said());
    });
  }

  it('end with a failure when the agent goes', async () => {
    const { said, ended } = start(['exec', 'web', '--', 'sh', '-c', 'echo begun; exec sleep 65432']);
    await until(() => said().includes('begun'), 'the command runs');
    const part = `agent-${cluster.nodeName}`;
    await cluster.untilBack(part, await cluster.kill(part));
    assert.notEqual(await ended, 0, said());
    await until(async () => (await kubectl.run(['exec', 'web', '--', 'true'])).code === 0, 'the node is back');
  });

  it('debug -i ends with its piped input', async () => {
    const args = ['debug', '-i', 'web', `--image=${toolsImage}`, '-c', 'piped', '-q', '--', 'cat'];
    const { code, stdout, stderr } = await kubectl.run(args, { stdin: 'through a pipe\n' });
    assert.deepEqual([code, stdout], [0, 'through a pipe\n'], stderr);
  });

  it('run --rm -it on a terminal gives its window, and removes the pod', async () => {
    const args = ['run', 'once', '--rm', '-it', '--restart=Never', `--image=${toolsImage}`, '--', 'sh'];
    const terminal = new KubectlTerminal(kubectl, args, {}, [91, 31]);
    await terminal.until(/# /);
    terminal.type('until stty size | grep "31 91"; do sleep 0.1; done; exit 5\r');
    await terminal.until(/31 91\r/);
    assert.equal(await terminal.exitCode, 5);
    assert.equal(await cluster.pod('once'), undefined);
  });

  it('attach -it ends when the shell does', async () => {
    const terminal = new KubectlTerminal(kubectl, ['attach', '-it', 'shell'], {}, [80, 24]);
    await terminal.until(/prompt|# /);
    terminal.type('echo $((6 * 7)); exit\r');
    await terminal.until(/42\r/);
    await terminal.exitCode;
    await cluster.untilPod(
      'shell',
      'was restarted',
      ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1,
    );
  });

  describe('cp', () => {
    const names = ['a,b', 'a&b', 'two words', '-dash', 'über', "it's", '$HOME', 'star*'];
    let from: string;

    before(async () => {
      from = join(cluster.directory, 'odd');
      await mkdir(join(from, 'deep', 'er'), { recursive: true });
      for (const name of names) await writeFile(join(from, 'deep', name), `content of ${name}`);
      await writeFile(join(from, 'deep', 'er', 'empty'), '');
      await symlink('a,b', join(from, 'deep', 'link'));
    });

    it('carries directories there and back, whatever their files are called', async () => {
      const back = join(cluster.directory, 'odd-back');
      assert.equal((await kubectl.run(['cp', from, 'web:/tmp/odd'])).code, 0);
      const { code, stderr } = await kubectl.run(['cp', 'web:/tmp/odd', back]);
      assert.equal(code, 0, stderr);
      // kubectl leaves links out on the way back, and says so.
      assert.deepEqual((await readdir(join(back, 'deep'))).sort(), [...names, 'er'].sort());
      for (const name of names) assert.equal(await readFile(join(back, 'deep', name), 'utf8'), `content of ${name}`);
      assert.equal(await inWeb('readlink /tmp/odd/deep/link'), await readlink(join(from, 'deep', 'link')));
    });

    for (const name of names) {
      it(`carries the file ${name} there and back`, async () => {
        const local = join(from, 'deep', name);
        const there = await kubectl.run(['cp', local, `web:/tmp/one-${name}`]);
        assert.equal(there.code, 0, there.stderr);
        const back = join(cluster.directory, `one-${name}`);
        const again = await kubectl.run(['cp', `web:/tmp/one-${name}`, back]);
        assert.equal(again.code, 0, again.stderr);
        assert.equal(await readFile(back, 'utf8'), `content of ${name}`);
      });
    }

    it('says what is not there', async () => {
      assert.match(await kubectl.fails(`cp ${from} nobody:/tmp/x`), /pods "nobody" not found/);
      assert.match(await kubectl.fails(`cp ${from} web:/proc/none/x`), /no such file|can't|cannot/i);
    });
  });
});
