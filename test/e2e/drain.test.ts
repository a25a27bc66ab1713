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
});
