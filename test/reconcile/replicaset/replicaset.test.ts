import assert from 'node:assert/strict';
import { ReplicaSetReconciler } from '../../../controller/reconcile/replicaset/reconciler.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { ApiError } from '../../../shared/errors.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { KubeObject, Namespace, ReplicationController } from '../../../shared/objects/types.ts';
import { delegateTo } from '../../fakes/delegating-store.ts';
import { Cluster } from '../cluster.ts';
import type { PodObject, ReplicaSetObject } from '../cluster.ts';

const labels = { app: 'web' };
const aSet = (replicas: number): ReplicaSetObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'hello:1' }] } },
  },
});
const aLoosePod = (name: string): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [{ name: 'main', image: 'hello:1' }] },
});

describe('a ReplicaSet', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  const get = (): ReplicaSetObject | undefined =>
    cluster.store.get<ReplicaSetObject>('replicasets.apps', 'default', 'web');
  const create = async (replicas: number): Promise<void> => {
    await cluster.store.create('replicasets.apps', aSet(replicas));
    await cluster.until('its pods', () => get()?.status?.availableReplicas === replicas);
  };

  it('counts its pods in its status', async () => {
    await create(2);
    const counts = { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    assert.deepEqual(get()?.status, { ...counts, observedGeneration: 1 });
    assert.equal(cluster.events('SuccessfulCreate').length, 2);
  });

  it('gives its pods an owner, an account and the usual tolerations', async () => {
    await create(1);
    const [pod] = cluster.pods();
    assert.equal(pod?.metadata.ownerReferences?.[0]?.uid, get()?.metadata.uid);
    assert.equal(pod?.spec?.serviceAccountName, 'default');
    assert.deepEqual(
      pod?.spec?.tolerations?.map(({ key, tolerationSeconds }) => `${key} ${tolerationSeconds}`),
      ['node.kubernetes.io/not-ready 300', 'node.kubernetes.io/unreachable 300'],
    );
  });

  it('adopts a loose pod that it selects, and makes only what is missing', async () => {
    await cluster.store.create('pods', aLoosePod('loose'));
    await create(2);
    assert.equal(cluster.pods().length, 2);
    const loose = cluster.store.get<PodObject>('pods', 'default', 'loose');
    assert.equal(loose?.metadata.ownerReferences?.[0]?.uid, get()?.metadata.uid);
  });

  it('adopts a pod that comes later, and gives one up for it', async () => {
    await create(2);
    await cluster.store.create('pods', aLoosePod('late'));
    await cluster.until('two pods', () => cluster.pods().length === 2);
    assert.equal(cluster.pods().length, 2);
  });

  it('releases a pod whose labels it no longer selects, and replaces it', async () => {
    await create(2);
    const name = cluster.pods()[0]?.metadata.name ?? '';
    await cluster.store.modify<PodObject>('pods', 'default', name, (pod) => {
      return { ...pod, metadata: { ...pod.metadata, labels: { app: 'debug' } } };
    });
    await cluster.until('a third pod', () => cluster.readyPods().length === 3);
    assert.equal(cluster.store.get<PodObject>('pods', 'default', name)?.metadata.ownerReferences, undefined);
  });

  it('replaces pods that have ended, and keeps them', async () => {
    await create(2);
    const name = cluster.pods()[0]?.metadata.name ?? '';
    await cluster.store.modify<PodObject>('pods', 'default', name, (pod) => {
      return { ...pod, status: { ...pod.status, phase: 'Failed', conditions: [] } };
    });
    await cluster.until('a third pod', () => cluster.pods().length === 3);
    await cluster.until('two ready ones', () => get()?.status?.availableReplicas === 2);
  });

  it('waits longer and longer with the next pods when its nodes refuse them, but replaces a lone failure at once', async () => {
    cluster.always(({ type, key, object }) => {
      if (type !== 'ADDED' || key.resource !== 'pods') return;
      void cluster.store.modify<PodObject>('pods', 'default', object.metadata.name, (pod) => {
        return { ...pod, status: { ...pod.status, phase: 'Failed', reason: 'SysctlForbidden', conditions: [] } };
      });
    });
    await cluster.store.create('replicasets.apps', aSet(2));
    await cluster.until('the first replacements', () => cluster.pods().length >= 4, 500, 5);
    await cluster.pass(3_600_000);
    const count = cluster.pods().length;
    assert.ok(count >= 20 && count <= 60, `${count} pods in an hour`);
  });

  it('does not count a pod that is being deleted', async () => {
    await create(1);
    cluster.endsPods = false;
    await cluster.delete('pods', 'default', cluster.pods()[0]?.metadata.name ?? '');
    await cluster.until('a replacement', () => cluster.readyPods().length === 1);
    assert.equal(cluster.pods().length, 2);
  });

  it('makes no pods in a namespace that is being deleted', async () => {
    const aNamespace: KubeObject & Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'default', finalizers: ['test'] },
    };
    await cluster.controllers.close();
    await cluster.store.create('namespaces', aNamespace);
    await cluster.delete('namespaces', '', 'default');
    await cluster.store.create('replicasets.apps', aSet(2));
    await aReconciler(cluster).reconcile('default/web');
    assert.equal(cluster.pods().length, 0);
  });

  it('says why it cannot make pods, tries few, and takes that back when it can', async () => {
    await cluster.controllers.close();
    await cluster.store.create('replicasets.apps', aSet(50));
    let tries = 0;
    const refuse = (): Promise<never> => {
      tries += 1;
      return Promise.reject(new ApiError('Forbidden', 'quota is used up'));
    };
    const { create } = cluster.store;
    const failing = delegateTo(cluster.store, {
      create: ((resource: string, object: KubeObject) =>
        resource === 'pods' ? refuse() : create.call(cluster.store, resource, object)) as typeof create,
    });
    await assert.rejects(aReconciler(cluster, failing).reconcile('default/web'), /quota/);
    assert.equal(tries, 1);
    const condition = get()?.status?.conditions?.[0];
    assert.equal(`${condition?.type} ${condition?.reason}`, 'ReplicaFailure FailedCreate');
    assert.equal(condition?.message, 'quota is used up');
    await aReconciler(cluster).reconcile('default/web');
    assert.equal(get()?.status?.conditions, undefined);
    assert.equal(cluster.pods().length, 50);
  });

  it('does nothing the second time', async () => {
    await create(3);
    const before = cluster.store.version;
    await aReconciler(cluster).reconcile('default/web');
    assert.equal(cluster.store.version, before);
  });
});

describe('a ReplicationController', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  const aController = (replicas: number): KubeObject & ReplicationController => ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...aSet(replicas).spec, selector: labels } as ReplicationController['spec'],
  });
  const get = (): (KubeObject & ReplicationController) | undefined =>
    cluster.store.get('replicationcontrollers', 'default', 'web');

  it('keeps as many pods as it wants, adopts what it selects, and counts them', async () => {
    await cluster.store.create('pods', aLoosePod('loose'));
    await cluster.store.create('replicationcontrollers', aController(2));
    await cluster.until('its pods', () => get()?.status?.availableReplicas === 2);
    assert.equal(cluster.pods().length, 2);
    const owners = cluster
      .pods()
      .map(({ metadata }) => metadata.ownerReferences?.map(({ kind, name }) => [kind, name]));
    assert.deepEqual(owners, [[['ReplicationController', 'web']], [['ReplicationController', 'web']]]);
    assert.deepEqual(get()?.spec?.selector, labels);
    const counts = { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    assert.deepEqual(get()?.status, { ...counts, observedGeneration: 1 });

    await cluster.store.modify('replicationcontrollers', 'default', 'web', (controller) => ({
      ...controller,
      spec: { ...(controller as ReplicationController).spec, replicas: 1 },
    }));
    await cluster.until('one pod', () => cluster.pods().length === 1);
    await cluster.delete('replicationcontrollers', 'default', 'web');
    await cluster.until('no pods', () => cluster.pods().length === 0);
  });

  it('leaves the pods of a ReplicaSet with the same name alone', async () => {
    await cluster.store.create('replicasets.apps', aSet(1));
    await cluster.store.create('replicationcontrollers', aController(1));
    await cluster.until('a pod each', () => cluster.readyPods().length === 2);
    assert.deepEqual(
      cluster
        .pods()
        .map(({ metadata }) => `${metadata.ownerReferences?.[0]?.kind}`)
        .sort((a, b) => (a < b ? -1 : 1)),
      ['ReplicaSet', 'ReplicationController'],
    );
  });
});

function aReconciler({ clock, store }: Cluster, on = store): ReplicaSetReconciler {
  const events = new EventRecorder({ store, clock, log: silentLogger });
  return new ReplicaSetReconciler({ store: on, clock, log: silentLogger, events, random: Math.random });
}
