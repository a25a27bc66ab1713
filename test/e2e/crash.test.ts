import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerStatus, Deployment, Pod, PodSpec, Stored } from '../../shared/objects/types.ts';
import { aLayer, BadRegistry } from '../agent/images/bad-registry.ts';
import { needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { containerProcesses } from './container-processes.ts';
import { idle, shellContainer, shellDeployment, shellPod, toolsImage } from './shell-pods.ts';

const agent = 'agent-node-1';

describe('killed with SIGKILL, under pods in every state', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let registry: BadRegistry;
  let folder: string;
  /** Lets stalled pulls go on. */
  let release: () => void = () => undefined;

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    registry = await new BadRegistry().start();
    cluster = await Cluster.create();
    folder = join(cluster.directory, 'signals');
    mkdirSync(folder);
    await cluster.importImage(toolsImage);
    await cluster.up();
  });
  after(async () => {
    release();
    await registry?.close();
    await cluster?.destroy();
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  /** A script that goes on when the test gives the signal. */
  const waitFor = (name: string): string => `while [ ! -e /signals/${name} ]; do usleep 20000; done`;
  const give = (name: string): void => writeFileSync(join(folder, name), '');
  const mount = { volumeMounts: [{ name: 'signals', mountPath: '/signals' }] };
  const withSignals = (spec: Partial<PodSpec> = {}): Partial<PodSpec> => ({
    volumes: [{ name: 'signals', hostPath: { path: folder } }],
    ...spec,
  });
  const mainOf = ({ status }: Stored<Pod>): ContainerStatus | undefined => status?.containerStatuses?.[0];
  const restartsOf = (pod: Stored<Pod>): number => mainOf(pod)?.restartCount ?? -1;
  /** The process of a pod's container, and that of its init container before it. */
  const processOf = async (name: string): Promise<string | undefined> => {
    const { containerStatuses = [], initContainerStatuses = [] } = (await cluster.pod(name))?.status ?? {};
    const processes = containerProcesses(cluster.paths);
    const ids = [...containerStatuses, ...initContainerStatuses].map(({ containerID = '' }) => containerID.slice(6));
    return ids.map((id) => processes.get(id)).find((found) => found !== undefined);
  };
  const processesOf = async (...names: string[]): Promise<(string | undefined)[]> =>
    Promise.all(names.map((name) => processOf(name)));

  it('sets the stage', async () => {
    let isStalled = true;
    const released = new Promise<void>((resolve) => (release = resolve));
    registry.misbehave = async () => {
      if (isStalled) await released;
      isStalled = false;
      return false;
    };
    registry.serveImage('slow', '1', [aLayer([{ name: 'file', content: 'x' }])]);
    await cluster.create(
      shellPod('steady', idle),
      shellPod('done', 'exit 0', { restartPolicy: 'Never' }),
      shellPod('leaving', `${waitFor('leave')}; exit 7`, withSignals({ restartPolicy: 'Never' }), mount),
      shellPod('restarting', `${waitFor('restart')}; rm /signals/restart; exit 9`, withSignals(), mount),
      shellPod('crashing', 'exit 3'),
      shellPod('pulling', idle, {}, { image: `${registry.host}/slow:1` }),
      shellPod(
        'initializing',
        idle,
        withSignals({ initContainers: [shellContainer(waitFor('init'), { name: 'first', ...mount })] }),
      ),
      shellPod(
        'stopping',
        `trap '' TERM; ${waitFor('never')}`,
        withSignals({ terminationGracePeriodSeconds: 15 }),
        mount,
      ),
    );
    for (const name of ['steady', 'leaving', 'restarting', 'stopping']) {
      await cluster.untilPod(name, 'was ready', isReady);
    }
    await cluster.untilPod('done', 'succeeded', ({ status }) => status?.phase === 'Succeeded');
    await cluster.untilPod('crashing', 'crash looped', (pod) => restartsOf(pod) >= 1);
    await cluster.untilPod(
      'initializing',
      'was in its init container',
      ({ status }) => status?.initContainerStatuses?.[0]?.state?.running !== undefined,
    );
    await until(() => registry.seen.length > 0, 'the pull has begun');
  });

  it('agent: same processes and counts, and what ended meanwhile is reported', async () => {
    const untouched = ['steady', 'initializing', 'stopping'];
    const before = await processesOf(...untouched);
    assert(before.every((process) => process !== undefined));
    await cluster.delete('/api/v1/namespaces/default/pods/stopping');
    await cluster.untilPod('crashing', 'waited', (pod) => mainOf(pod)?.state?.waiting !== undefined);
    const crashes = restartsOf(await cluster.untilPod('crashing', 'was there', () => true));
    const [leaving, restarting] = await processesOf('leaving', 'restarting');

    await cluster.kill(agent, async () => {
      give('leave');
      give('restart');
      const isOver = (): boolean =>
        ![...containerProcesses(cluster.paths).values()].some((process) => [leaving, restarting].includes(process));
      await until(isOver, 'both have exited');
    });
    const startedAt = performance.now();
    const left = await cluster.untilPod('leaving', 'failed', ({ status }) => status?.phase === 'Failed');
    process.stdout.write(`      agent started → exit reported ${Math.round(performance.now() - startedAt)} ms\n`);
    assert.deepEqual(await processesOf(...untouched), before);
    assert.deepEqual([mainOf(left)?.state?.terminated?.exitCode, restartsOf(left)], [7, 0]);
    const again = await cluster.untilPod('restarting', 'was restarted', (pod) => restartsOf(pod) === 1 && isReady(pod));
    assert.equal(mainOf(again)?.lastState?.terminated?.exitCode, 9);

    const crashed = restartsOf(await cluster.untilPod('crashing', 'was there', () => true));
    assert(crashed - crashes <= 1, `${crashed - crashes} restarts: the delay is forgotten`);
    assert.equal((await cluster.pod('done'))?.status?.phase, 'Succeeded');
    assert.equal(restartsOf(await cluster.untilPod('done', 'was there', () => true)), 0);
  });

  it('agent: goes on with what it was doing', async () => {
    const stopped = async (): Promise<boolean> => (await cluster.pod('stopping')) === undefined;
    await until(stopped, 'the pod that ignores SIGTERM is gone', { withinMs: 60_000 });
    const [first] = await processesOf('initializing');
    assert.notEqual(first, undefined);
    give('init');
    const initialized = await cluster.untilPod('initializing', 'was ready', isReady);
    assert.equal(initialized.status?.initContainerStatuses?.[0]?.restartCount, 0);
    release();
    // The image is not one that can run: what counts is that the pull came to its end.
    await cluster.untilPod('pulling', 'was pulled', (pod) => mainOf(pod)?.imageID !== '');
    await cluster.delete('/api/v1/namespaces/default/pods/pulling');
  });

  it('agent: again and again while pods start; each runs once', async () => {
    await cluster.create(shellDeployment('many', 6, idle));
    const delays = Array.from({ length: 3 }, () => randomInt(0, 1500));
    process.stdout.write(`      killed after ${delays.join(', ')} ms\n`);
    for (const delay of delays) {
      await sleep(delay); // any moment will do, and each run takes others
      await cluster.untilBack(agent, await cluster.kill(agent));
    }
    const settled = async (): Promise<boolean> => {
      const pods = await cluster.pods('app=many');
      return pods.length === 6 && pods.every(isReady);
    };
    await until(settled, 'all six are ready', { withinMs: 60_000, everyMs: 100 });
    const pods = await cluster.pods('app=many');
    assert.deepEqual(pods.map(restartsOf), [0, 0, 0, 0, 0, 0]);
    const cgroups = pods.map(({ metadata }) => metadata.uid);
    const running = cgroups.map((uid) => containerProcesses({ cgroup: `${cluster.paths.cgroup}/${uid}` }).size);
    assert.deepEqual(running, [1, 1, 1, 1, 1, 1]);
  });

  it('controller: in the middle of a rollout, which comes to its end', async () => {
    const kubectl = await cluster.kubectl();
    const before = await processesOf('steady', 'restarting', 'initializing');
    const [bus, node] = [cluster.pidOf('nats-server'), cluster.pidOf(agent)];
    await kubectl.ok('set env deployment/many ROLLOUT=2');
    const path = '/apis/apps/v1/namespaces/default/deployments/many';
    const updated = async (): Promise<number> =>
      (await cluster.client.call<Stored<Deployment>>('GET', path)).status?.updatedReplicas ?? 0;
    await until(async () => (await updated()) >= 1, 'the rollout is on its way', { withinMs: 30_000 });
    const killedAt = performance.now();
    await cluster.kill('controller');
    await until(async () => (await updated()) >= 0, 'the API is back', { withinMs: 30_000 });
    process.stdout.write(`      controller killed → API back ${Math.round(performance.now() - killedAt)} ms\n`);
    await kubectl.ok('rollout status deployment/many --timeout=90s');
    assert.deepEqual(await processesOf('steady', 'restarting', 'initializing'), before);
    assert.deepEqual([cluster.pidOf('nats-server'), cluster.pidOf(agent)], [bus, node]);
    assert.deepEqual((await cluster.pods('app=many')).map(restartsOf), [0, 0, 0, 0, 0, 0]);
  });

  it('bus: started again, and agents find it', async () => {
    const before = containerProcesses(cluster.paths);
    const killedAt = performance.now();
    await cluster.untilBack('nats-server', await cluster.kill('nats-server'));
    await cluster.create(shellPod('after', idle));
    await cluster.untilPod('after', 'was ready', isReady);
    process.stdout.write(`      bus killed → next pod ready ${Math.round(performance.now() - killedAt)} ms\n`);
    const now = containerProcesses(cluster.paths);
    for (const [id, process] of before) assert.equal(now.get(id) ?? process, process);
    for (const name of ['steady', 'initializing', 'after']) {
      assert.equal(restartsOf(await cluster.untilPod(name, 'was ready', isReady)), 0);
    }
    assert.deepEqual((await cluster.pods('app=many')).map(restartsOf), [0, 0, 0, 0, 0, 0]);
  });
});
