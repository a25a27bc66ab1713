import assert from 'node:assert/strict';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { KubectlTerminal } from './terminal.ts';
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

  it('says what is wrong with a target', async () => {
    assert.match(
      await kubectl.fails(`debug web --image=${toolsImage} --target=nope`),
      /targetContainerName: Not found/,
    );
  });
});
