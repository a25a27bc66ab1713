import assert from 'node:assert/strict';
import type { KubeObject, Node } from '../../../shared/objects/types.ts';
import { aDeployment, Cluster } from '../cluster.ts';

type NodeObject = KubeObject & Node;

describe('a lost node', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
    await cluster.store.create('deployments.apps', aDeployment());
    await cluster.until('the rollout', () => cluster.isRolledOut());
  });
  afterEach(() => cluster.stop());

  const node = (name: string): NodeObject => {
    const found = cluster.store.get<NodeObject>('nodes', '', name);
    assert.ok(found);
    return found;
  };
  const ready = (name: string) => node(name).status?.conditions?.find(({ type }) => type === 'Ready');
  const taints = (name: string): string[] =>
    (node(name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  const readyElsewhere = (name: string) => cluster.readyPods().filter(({ spec }) => spec?.nodeName !== name);

  it('is replaced within a second of being declared lost, and its pods are kept', async () => {
    cluster.silence('node-2');
    const before = cluster.pods().map(({ metadata }) => metadata.uid);
    await cluster.until('replacement', () => readyElsewhere('node-2').length === 3, 8_000);
    assert.equal(ready('node-2')?.status, 'Unknown');
    assert.equal(ready('node-2')?.reason, 'NodeStatusUnknown');
    assert.deepEqual(taints('node-2'), [
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    const uids = new Set(cluster.livePods().map(({ metadata }) => metadata.uid));
    assert.ok(before.every((uid) => uids.has(uid)));
    await cluster.until('the status to be right', () => cluster.isRolledOut());
    assert.equal(cluster.readyPods().length, 3, 'pods of the lost node are not ready');
  });

  it('gives its pods back when it returns, and the surplus goes without a ready pod less', async () => {
    cluster.silence('node-2');
    await cluster.until('replacement', () => readyElsewhere('node-2').length === 3, 8_000);
    const check = cluster.always(() => assert.ok(cluster.readyPods().length >= 3));
    await cluster.revive(['node-2']);
    await cluster.until('the surplus to go', () => cluster.livePods().length === 3);
    await cluster.until(
      'the node to be ready',
      () => ready('node-2')?.status === 'True' && taints('node-2').length === 0,
    );
    await cluster.pass(15_000);
    assert.equal(cluster.readyPods().length, 3);
    check();
  });

  it('is assumed to be as it was when it is heard and says nothing', async () => {
    cluster.silence('node-2');
    await cluster.until('replacement', () => readyElsewhere('node-2').length === 3, 8_000);
    await cluster.change((deployment) => Object.assign(deployment.spec ?? {}, { replicas: 4 }));
    await cluster.until('one pod more', () => readyElsewhere('node-2').length === 4);
    await cluster.revive(['node-2'], { mute: true });
    await cluster.pass(5_000);
    assert.equal(ready('node-2')?.status, 'Unknown');
    await cluster.until(
      'the node to be ready',
      () => ready('node-2')?.status === 'True' && taints('node-2').length === 0,
    );
    await cluster.until('as many pods as wanted', () => cluster.livePods().length === 4);
    assert.equal(cluster.readyPods().length, 4);
  });

  it('keeps its pods when it was away for less than the grace time', async () => {
    const before = cluster.store.version;
    cluster.silence('node-2');
    await cluster.pass(2_500);
    await cluster.revive(['node-2']);
    await cluster.pass(5_000);
    assert.equal(cluster.store.version, before);
  });

  it('has its pods deleted after their toleration, and for good when it is removed', async () => {
    cluster.silence('node-2');
    await cluster.until('replacement', () => readyElsewhere('node-2').length === 3, 8_000);
    await cluster.pass(280_000);
    assert.equal(cluster.livePods().length, 4);
    await cluster.until('eviction', () => cluster.livePods().length === 3, 30_000);
    await cluster.pass(60_000);
    assert.equal(cluster.pods().length, 4, 'a pod on a lost node stays until the node answers or is removed');
    await cluster.delete('nodes', '', 'node-2');
    await cluster.until('the pod to go', () => cluster.pods().length === 3);
  });

  it('is not replaced while most nodes are silent, but declared unknown', async () => {
    cluster.silence('node-1', 'node-2', 'node-3');
    await cluster.until('unknown', () => ready('node-3')?.status === 'Unknown', 8_000);
    await cluster.pass(20_000);
    assert.equal(cluster.pods().length, 3);
    assert.equal(cluster.readyPods().length, 3);
    await cluster.revive(['node-1', 'node-2', 'node-3']);
    await cluster.until('return', () => ready('node-1')?.status === 'True' && taints('node-1').length === 0);
    await cluster.pass(10_000);
    assert.equal(cluster.pods().length, 3);
  });

  it('counts as lost when its object is gone, and its pods go after a while', async () => {
    cluster.silence('node-2');
    await cluster.delete('nodes', '', 'node-2');
    await cluster.until('replacement', () => readyElsewhere('node-2').length === 3, 3_000);
    await cluster.pass(30_000);
    assert.equal(cluster.pods().length, 4);
    await cluster.until('its pod to go', () => cluster.pods().length === 3, 20_000);
  });

  it('has a lease that goes with it', async () => {
    await cluster.until(
      'a lease',
      () => cluster.store.get('leases.coordination.k8s.io', 'kube-node-lease', 'node-2') !== undefined,
    );
    await cluster.delete('nodes', '', 'node-2');
    await cluster.until(
      'no lease',
      () => cluster.store.get('leases.coordination.k8s.io', 'kube-node-lease', 'node-2') === undefined,
    );
  });

  it('loses pods at once that do not tolerate a taint a user sets', async () => {
    await cluster.store.modify<NodeObject>('nodes', '', 'node-1', (fresh) => ({
      ...fresh,
      spec: { ...fresh.spec, taints: [{ key: 'repair', effect: 'NoExecute' }] },
    }));
    await cluster.until(
      'the move',
      () => cluster.readyPods().length === 3 && cluster.pods().every(({ spec }) => spec?.nodeName !== 'node-1'),
    );
  });
});
