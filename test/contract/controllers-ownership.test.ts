import assert from 'node:assert/strict';
import { ManagedStore } from '../../controller/api/patch/managed-store.ts';
import { systemClock } from '../../shared/clock.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { ApiHarness, type Json } from '../api/harness.ts';

const pods = '/api/v1/namespaces/default/pods';

type AnyPod = KubeObject & { spec: Record<string, unknown>; status?: Record<string, unknown> };

const aPod = (name: string): AnyPod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i:1' }], restartPolicy: undefined },
});

describe('contract: what the control plane writes', () => {
  let api: ApiHarness;
  let controllers: ManagedStore;
  let scheduler: ManagedStore;
  let kubelet: ManagedStore;

  before(async () => {
    api = await ApiHarness.start();
    const storeOf = (manager: string): ManagedStore => new ManagedStore(api.store, manager, systemClock);
    controllers = storeOf('kube-controller-manager');
    scheduler = storeOf('kube-scheduler');
    kubelet = storeOf('kubelet');
  });
  after(() => api?.stop());

  async function entries(name: string): Promise<Json[]> {
    return (await api.call('GET', `${pods}/${name}`)).json.metadata.managedFields;
  }

  const report = (name: string, status: object): Promise<AnyPod> =>
    kubelet.modify<AnyPod>('pods', 'default', name, (pod) => ({ ...pod, status: { ...pod.status, ...status } }));

  async function aRunningPod(name: string): Promise<void> {
    await controllers.create('pods', aPod(name));
    await scheduler.modify<AnyPod>('pods', 'default', name, (pod) => ({
      ...pod,
      spec: { ...pod.spec, nodeName: 'n-1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    }));
    await report(name, { phase: 'Running', podIP: '192.0.2.1', reason: undefined });
  }

  it('names who made a pod, who placed it and who reports on it', async () => {
    await aRunningPod('web');
    const seen = (await entries('web')).map(({ manager, operation, subresource, fieldsV1 }) => ({
      manager,
      operation,
      subresource,
      fieldsV1,
    }));
    const update = { operation: 'Update', subresource: undefined };
    const ofStatus = { operation: 'Update', subresource: 'status' };
    assert.deepEqual(seen, [
      {
        manager: 'kube-controller-manager',
        ...update,
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
        },
      },
      { manager: 'kube-scheduler', ...update, fieldsV1: { 'f:spec': { 'f:nodeName': {} } } },
      {
        manager: 'kube-scheduler',
        ...ofStatus,
        fieldsV1: {
          'f:status': { 'f:conditions': { 'k:{"type":"PodScheduled"}': { '.': {}, 'f:status': {}, 'f:type': {} } } },
        },
      },
      { manager: 'kubelet', ...ofStatus, fieldsV1: { 'f:status': { 'f:phase': {}, 'f:podIP': {} } } },
    ]);
  });

  it('writes nothing when it says the same again, whatever it leaves undefined', async () => {
    await aRunningPod('same');
    const { resourceVersion } = (await api.call('GET', `${pods}/same`)).json.metadata;
    const again = await report('same', { phase: 'Running', message: undefined });
    assert.equal(again.metadata.resourceVersion, resourceVersion);
  });

  it('keeps its entries as they are while it sets the same fields to other values', async () => {
    await aRunningPod('moving');
    const before = await entries('moving');
    await report('moving', { phase: 'Failed' });
    assert.deepEqual(await entries('moving'), before);
  });

  it('keeps those of users, and can be told from them in a conflict', async () => {
    const path = '/apis/apps/v1/namespaces/default/replicasets';
    const body = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'set' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
      },
    };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    assert.equal((await api.call('PATCH', `${path}/set?fieldManager=one`, { body, headers })).code, 201);
    const current = api.store.get<AnyPod>('replicasets.apps', 'default', 'set') as AnyPod;
    await controllers.update('replicasets.apps', { ...current, spec: { ...current.spec, replicas: 3 } });
    const refused = await api.call('PATCH', `${path}/set?fieldManager=one`, { body, headers });
    assert.equal(refused.code, 409);
    const why = 'conflict with "kube-controller-manager" using apps/v1: .spec.replicas';
    assert.equal(refused.json.message, `Apply failed with 1 conflict: ${why}`);
  });

  it('is refused like any other write when it was made of an old version', async () => {
    await aRunningPod('stale');
    const stale = api.store.get<AnyPod>('pods', 'default', 'stale') as AnyPod;
    await report('stale', { phase: 'Failed' });
    await assert.rejects(controllers.update('pods', { ...stale, spec: { ...stale.spec, hostname: 'x' } }), {
      reason: 'Conflict',
    });
    await assert.rejects(controllers.update('pods', aPod('none')), { reason: 'NotFound' });
  });
});
