import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady, launcher } from './cluster.ts';
import { KubectlTerminal, Terminal } from './terminal.ts';
import { shellPod, toolsImage } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

describe('kubectl debug', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
    await cluster.create(
      shellPod('web', 'hostname > /tmp/mine; exec sleep 123456'),
      shellPod('shared', 'exec sleep 123456', { shareProcessNamespace: true }),
    );
    for (const name of ['web', 'shared']) await cluster.untilPod(name, 'is ready', isReady);
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  const debugState = async (pod: string, name: string) =>
    (await cluster.pod(pod))?.status?.ephemeralContainerStatuses?.find((each) => each.name === name)?.state;

  it('gives a terminal that sees the processes of the target container, and lets them run on', async () => {
    const args = ['debug', '-it', 'web', `--image=${toolsImage}`, '--target=main', '-c', 'look', '--', 'sh'];
    const terminal = new KubectlTerminal(kubectl, args, {}, [100, 30]);
    await terminal.until(/# /);
    terminal.type('ps -o args | grep [1]23456\r');
    await terminal.until(/\n.*sleep 123456\r/);
    terminal.type('cat /proc/1/root/tmp/mine\r');
    await terminal.until(/web\r/);
    terminal.type('exit 3\r');
    await terminal.exitCode;
    const pod = await cluster.untilPod('web', 'shows the end', ({ status }) => {
      return status?.ephemeralContainerStatuses?.[0]?.state?.terminated?.exitCode === 3;
    });
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0);
    assert(isReady(pod));
    assert.match(await kubectl.ok('describe pod web'), /Ephemeral Containers:[\s\S]*look:[\s\S]*Exit Code: +3/);
    assert.match(await kubectl.ok('logs web -c look'), /sleep 123456/);
  });

  it('sees every process of a pod that shares them', async () => {
    await kubectl.ok(`debug shared --image=${toolsImage} -c ps -- sh -c 'ps -o args'`);
    await cluster.untilPod('shared', 'shows the end', ({ status }) => {
      return status?.ephemeralContainerStatuses?.[0]?.state?.terminated?.exitCode === 0;
    });
    assert.match(await kubectl.ok('logs shared -c ps'), /sleep 123456/);
    // Its first process waits for whoever reaps the others; in a container the init of the machine may not.
    await kubectl.ok('delete pod shared');
  });

  it('survives the agent, is reached by exec, and is started once', async () => {
    await kubectl.ok(`debug web --image=${toolsImage} -c stays -- sh -c 'echo once; exec sleep 200000'`);
    await cluster.untilPod('web', 'runs it', ({ status }) => {
      return status?.ephemeralContainerStatuses?.find(({ name }) => name === 'stays')?.state?.running !== undefined;
    });
    const part = `agent-${cluster.nodeName}`;
    await cluster.untilBack(part, await cluster.kill(part));
    const ps = ['exec', 'web', '-c', 'stays', '--', 'ps', '-o', 'args'];
    await until(async () => /sleep 200000/.test((await kubectl.run(ps)).stdout), 'exec reaches it');
    assert.equal(await kubectl.ok('logs web -c stays'), 'once');
    assert((await debugState('web', 'stays'))?.running);
    assert.equal((await debugState('web', 'look'))?.terminated?.exitCode, 3);
  });

  it('makes a copy of the pod with another command', async () => {
    const copy = `debug web --copy-to=copy --container=main --image=${toolsImage} -- sh -c 'echo copied; exec sleep 1000'`;
    await kubectl.ok(copy);
    await cluster.untilPod('copy', 'is ready', isReady);
    assert.equal(await kubectl.ok('logs copy -c main'), 'copied');
  });

  it('opens the node', async () => {
    await kubectl.ok(`debug node/${cluster.nodeName} --image=${toolsImage} -- chroot /host true`);
    const [pod] = (await cluster.pods()).filter(({ metadata }) => metadata.name.startsWith('node-debugger-'));
    assert(pod);
    const done = await cluster.untilPod(pod.metadata.name, 'has ended', ({ status }) => status?.phase !== 'Pending');
    assert.notEqual(done.status?.phase, 'Failed');
  });

  describe('by berth', () => {
    const berthTerminal = (...args: string[]): Terminal => {
      const env = { PATH: process.env['PATH'] ?? '', KUBECONFIG: join(cluster.dataDir, 'admin.kubeconfig') };
      return new Terminal(launcher, args, env, [100, 30]);
    };

    it('enters a copy of the pod, whose containers see each other’s processes, and leaves the pod alone', async () => {
      const args = ['debug', '-it', 'web', `--image=${toolsImage}`, '--copy-to=aside', '-c', 'look', '--', 'sh'];
      const terminal = berthTerminal(...args);
      await terminal.until(/# /);
      terminal.type('ps -o args | grep [1]23456\r');
      await terminal.until(/\n.*sleep 123456\r/);
      terminal.type('exit\r');
      assert.equal(await terminal.exitCode, 0);
      await cluster.untilPod('web', 'is ready still', isReady);
      await kubectl.ok('delete pod aside'); // as above
    });

    it('runs another command in a copy, in place of the pod', async () => {
      await cluster.create(shellPod('broken', 'exit 1'));
      const copy = ['debug', 'broken', '--copy-to=mended', '--replace', '-c', 'main', '--'];
      await cluster.berth([...copy, 'sh', '-c', 'echo mended; exec sleep 1000']);
      await cluster.untilPod('mended', 'is ready', isReady);
      assert.equal(await cluster.berth(['logs', 'mended']), 'mended\n');
      assert.equal(await cluster.pod('broken'), undefined);
      await kubectl.ok('delete pod mended');
    });

    it('enters the node, with its files and processes, and ends with the exit code', async () => {
      const args = ['debug', '-it', `node/${cluster.nodeName}`, `--image=${toolsImage}`, '--', 'sh'];
      const terminal = berthTerminal(...args);
      await terminal.until(/# /);
      terminal.type(
        `ls -d /host${cluster.dataDir}; ps -o args | grep [a]dmin-not-there || echo "pid $(ps -o pid | wc -l)"\r`,
      );
      await terminal.until(new RegExp(`\n/host${cluster.dataDir}\r`));
      await terminal.until(/\npid \d{2,}\r/);
      terminal.type('exit 7\r');
      assert.equal(await terminal.exitCode, 7);
    });
  });

  it('says what is wrong with a target', async () => {
    assert.match(
      await kubectl.fails(`debug web --image=${toolsImage} --target=nope`),
      /targetContainerName: Not found/,
    );
  });
});
