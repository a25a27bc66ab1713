import assert from 'node:assert/strict';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { shellPod } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

describe('kubectl drain', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  it('empties a node, waits for what a budget holds, and goes on when it lets go', async () => {
    const guarded = shellPod('guarded', 'exec sleep 100000');
    guarded.metadata.labels = { app: 'guarded' };
    await cluster.create(shellPod('free', 'exec sleep 100000'), guarded);
    for (const name of ['free', 'guarded']) await cluster.untilPod(name, 'is ready', isReady);
    await kubectl.ok('create pdb guard --selector=app=guarded --min-available=1');
    await kubectl.ok('wait pdb/guard --for=jsonpath={.status.currentHealthy}=1 --timeout=30s');
    const drain = 'drain node-1 --ignore-daemonsets --delete-emptydir-data --force --grace-period=1';
    const held = await kubectl.run([...drain.split(' '), '--timeout=4s']);
    assert.notEqual(held.code, 0);
    assert.match(held.stdout, /node\/node-1 cordoned/);
    assert.match(held.stdout, /pod\/free evicted/);
    assert.match(held.stderr, /Cannot evict pod as it would violate the pod's disruption budget/);
    assert.equal(await cluster.pod('free'), undefined);
    assert(await cluster.pod('guarded'));

    await kubectl.ok('patch pdb guard --type=merge -p {"spec":{"minAvailable":0}}');
    await until(
      async () => (await kubectl.ok('get pdb guard -o jsonpath={.status.disruptionsAllowed}')) === '1',
      'a disruption is allowed',
    );
    assert.match(await kubectl.ok(`${drain} --timeout=60s`), /pod\/guarded evicted[\s\S]*node\/node-1 drained/);
    assert.equal(await cluster.pod('guarded'), undefined);
    assert.equal(await kubectl.ok('uncordon node-1'), 'node/node-1 uncordoned');
  });

  it('is the same by berth: waits for a budget, ends in time, and evicts when it is let', async () => {
    const guarded = shellPod('held', 'exec sleep 100000');
    guarded.metadata.labels = { app: 'held' };
    const lasting = shellPod('lasting', 'exec sleep 100000', { terminationGracePeriodSeconds: 600 });
    await cluster.create(shellPod('free', 'exec sleep 100000'), guarded, lasting);
    for (const name of ['free', 'held', 'lasting']) await cluster.untilPod(name, 'is ready', isReady);
    await kubectl.ok('create pdb hold --selector=app=held --min-available=1');
    await kubectl.ok('wait pdb/hold --for=jsonpath={.status.currentHealthy}=1 --timeout=30s');
    const refused = await cluster.run(['drain', 'node-1']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stdout + refused.stderr,
      /node\/node-1 cordoned[\s\S]*cannot delete Pods that declare no controller \(use --force/,
    );
    assert.equal((await cluster.pods()).length, 3);
    const drain = ['drain', 'node-1', '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--grace-period=1'];
    const held = await cluster.run([...drain, '--timeout=4s']);
    assert.equal(held.code, 1);
    assert.match(held.stdout, /node\/node-1 already cordoned[\s\S]*pod\/lasting evicted/);
    assert.match(held.stderr, /unable to drain node "node-1".*pods\/"held".*global timeout reached: 4s/);
    assert.deepEqual(
      (await cluster.pods()).map(({ metadata }) => metadata.name),
      ['held'],
    );

    await kubectl.ok('patch pdb hold --type=merge -p {"spec":{"minAvailable":0}}');
    await until(
      async () => (await kubectl.ok('get pdb hold -o jsonpath={.status.disruptionsAllowed}')) === '1',
      'a disruption is allowed',
    );
    assert.match(await cluster.berth([...drain, '--timeout=60s']), /pod\/held evicted[\s\S]*node\/node-1 drained/);
    assert.deepEqual(await cluster.pods(), []);
    assert.equal(await cluster.berth(['uncordon', 'node-1']), 'node/node-1 uncordoned\n');
  });
});
