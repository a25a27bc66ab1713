import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Node, Pod, Stored } from '../../shared/objects/types.ts';
import { needsRegistry, startRegistry, type RealRegistry } from '../agent/images/real-registry.ts';
import { needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { containerProcesses } from './container-processes.ts';
import { footprintOf, nothing } from './footprint.ts';
import { HostsInABox, type Host } from './hosts.ts';
import { ReadyCount } from './ready-count.ts';
import { shellDeployment } from './shell-pods.ts';

const replicas = 9;
const talk = 'i=0; while true; do i=$((i+1)); echo "line $i of $HOSTNAME"; sleep 0.5; done';

/** A controller, and three hosts that know nothing of each other but the bridge between them. */
describe('three hosts, one of which is lost and comes back', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let bench: HostsInABox;
  let registry: RealRegistry;
  let hosts: Host[] = [];
  let lost: Host;
  let others: Host[];
  let oldPods: Stored<Pod>[];
  const logsBefore = new Map<string, string[]>();

  before(async function () {
    needsRoot(this);
    needsRegistry(this);
    needsKubectl(this);
    bench = new HostsInABox();
    cluster = await Cluster.create(bench.gateway);
    registry = await startRegistry({ address: bench.gateway });
  });
  after(async () => {
    await bench?.destroy();
    await cluster?.destroy();
    await registry?.close();
    if (bench === undefined) return;
    const agents = hosts.map(({ paths }) => paths);
    assert.deepEqual(await footprintOf(cluster.directory, agents, [bench.bridge, ...bench.links]), nothing);
  });

  afterEach(function () {
    cluster.explain(
      this.currentTest,
      hosts.map(({ logFile }) => logFile),
    );
  });

  const node = (name: string): Promise<Stored<Node>> => cluster.client.call('GET', `/api/v1/nodes/${name}`);
  const nodeIs = async (name: string, status: string): Promise<boolean> =>
    (await node(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status === status;
  const running = (on: readonly Host[]): number =>
    on.reduce((sum, { paths }) => sum + containerProcesses(paths).size, 0);
  const readyOn = async (on: readonly Host[]): Promise<number> => {
    const names = on.map(({ name }) => name);
    return (await cluster.pods('app=talk')).filter((pod) => isReady(pod) && names.includes(pod.spec?.nodeName ?? ''))
      .length;
  };

  it('makes nodes of machines that are given a token', async () => {
    await cluster.up(['--no-agent']);
    const token = (await cluster.berth(['token', 'create', '--uses', '3'])).trim();
    const settings = `registries:\n  ${registry.host}:\n    plainHttp: true\n`;
    for (const name of ['host-a', 'host-b', 'host-c']) {
      const host = await bench.addHost(name, join(cluster.directory, name));
      mkdirSync(host.dataDir, { recursive: true });
      writeFileSync(join(host.dataDir, 'registries.yaml'), settings);
      host.startAgent(token);
      hosts.push(host);
    }
    for (const { name } of hosts) {
      await until(() => nodeIs(name, 'True'), `node ${name} is ready`, { withinMs: 60_000, everyMs: 100 });
    }
    assert.match((await cluster.run(['token', 'list'])).stdout, /^ID/);
  });

  it('spreads nine replicas over them, pulled from a registry on the bridge', async () => {
    const image = `${registry.host}/tools:1`;
    const place = { dataDir: join(cluster.directory, 'images'), nodeName: 'none' };
    await cluster.importImage(image, place);
    await cluster.berth(['image', 'push', image, '--plain-http', '--data-dir', place.dataDir, '--node-name', 'none']);
    const deployment = shellDeployment('talk', replicas, talk, { image });
    await cluster.create(deployment);
    await until(async () => (await readyOn(hosts)) === replicas, 'all replicas are ready', {
      withinMs: 90_000,
      everyMs: 100,
    });
    assert.deepEqual(
      hosts.map((host) => running([host])),
      [3, 3, 3],
    );
  });

  it('runs a pod of a DaemonSet on each host, and rolls a change out and back', async () => {
    const { metadata, spec, ...rest } = shellDeployment('each', 1, 'sleep 1000', { image: `${registry.host}/tools:1` });
    assert(spec);
    const { selector, template } = spec;
    await cluster.create({ ...rest, kind: 'DaemonSet', metadata, spec: { selector, template } } as KubeObject);
    const kubectl = await cluster.kubectl();
    const status = (): Promise<string> => kubectl.ok('rollout status daemonset/each --timeout=60s');
    assert.match(await status(), /successfully rolled out/);
    const stages = async (): Promise<string[]> => {
      const pods = await cluster.pods('app=each');
      return pods.map(({ spec: pod }) => `${pod?.nodeName} ${pod?.containers[0]?.env?.[0]?.value}`).toSorted();
    };
    assert.deepEqual(await stages(), ['host-a undefined', 'host-b undefined', 'host-c undefined']);
    await kubectl.ok('set env daemonset/each STAGE=second');
    assert.match(await status(), /successfully rolled out/);
    assert.deepEqual(await stages(), ['host-a second', 'host-b second', 'host-c second']);
    await kubectl.ok('rollout undo daemonset/each');
    assert.match(await status(), /successfully rolled out/);
    assert.deepEqual(await stages(), ['host-a undefined', 'host-b undefined', 'host-c undefined']);
    await kubectl.ok('delete daemonset each');
    await until(() => running(hosts) === replicas, 'its pods are gone', { withinMs: 30_000 });
  });

  it('replaces the replicas of a lost host within 8 s', async function () {
    [lost, ...others] = hosts as [Host, ...Host[]];
    oldPods = (await cluster.pods('app=talk')).filter(({ spec }) => spec?.nodeName === lost.name);
    for (const { metadata } of oldPods) {
      const log = (): Promise<string> => cluster.berth(['logs', metadata.name]);
      await until(async () => (await log()).split('\n').length > 8, 'the pod has talked', { withinMs: 30_000 });
      logsBefore.set(metadata.name, (await log()).trimEnd().split('\n'));
    }
    const killedAt = performance.now();
    await lost.kill();
    await until(() => running(others) === replicas, 'the processes run elsewhere', { withinMs: 60_000, everyMs: 50 });
    const runningMs = performance.now() - killedAt;
    await until(async () => (await readyOn(others)) === replicas, 'the pods are ready elsewhere', { everyMs: 50 });
    const readyMs = performance.now() - killedAt;
    process.stdout.write(
      `      host lost → ${replicas} running elsewhere ${(runningMs / 1000).toFixed(1)} s, ready ${(readyMs / 1000).toFixed(1)} s\n`,
    );
    assert(readyMs < 8000, `it took ${readyMs} ms`);
  });

  it('keeps the pods of the lost host as objects, and their logs', async () => {
    assert(await nodeIs(lost.name, 'Unknown'));
    const kept = await cluster.pods('app=talk');
    assert.equal(kept.length, replicas + oldPods.length);
    for (const { metadata } of oldPods) {
      const pod = kept.find(({ metadata: { uid } }) => uid === metadata.uid);
      assert(pod);
      assert.equal(isReady(pod), false);
      const lines = (await (await cluster.kubectl()).ok(`logs ${metadata.name}`)).split('\n');
      // What was written in the last moments died with the host.
      const before = logsBefore.get(metadata.name) ?? [];
      assert.deepEqual(lines.slice(0, before.length - 4), before.slice(0, -4));
      assert.deepEqual(
        lines,
        lines.map((_line, index) => `line ${index + 1} of ${metadata.name}`),
      );
    }
  });

  it('takes away what is too much when the host returns, never below nine that are ready', async () => {
    const count = await ReadyCount.start(cluster, 'talk');
    const returnedAt = performance.now();
    await lost.boot();
    lost.startAgent();
    await until(() => nodeIs(lost.name, 'True'), 'the node is ready again', { withinMs: 60_000, everyMs: 100 });
    const readyMs = performance.now() - returnedAt;
    await until(
      async () => {
        const pods = await cluster.pods('app=talk');
        return pods.length === replicas && pods.every(isReady) && running(hosts) === replicas;
      },
      'nine replicas are left',
      { withinMs: 60_000, everyMs: 100 },
    );
    const settledMs = performance.now() - returnedAt;
    const { least, most } = await count.stop();
    process.stdout.write(
      `      host back → node ready ${(readyMs / 1000).toFixed(1)} s, surplus gone ${(settledMs / 1000).toFixed(1)} s\n`,
    );
    assert.equal(least, replicas);
    assert.equal(most, replicas + oldPods.length);
  });
});
