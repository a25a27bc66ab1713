import assert from 'node:assert/strict';
import { planCollect } from '../../../controller/reconcile/garbage/plan.ts';
import type { Dependent, OwnerState } from '../../../controller/reconcile/garbage/plan.ts';
import type { ConfigMap, KubeObject, Namespace } from '../../../shared/objects/types.ts';
import { aDeployment, Cluster } from '../cluster.ts';

const aMap = (name: string, owners: { name: string; uid: string }[]): KubeObject & ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'default',
    ownerReferences: owners.map((owner) => ({ ...owner, apiVersion: 'v1', kind: 'ConfigMap' })),
  },
});

const aDependent = { isLive: true, isBlocking: true, waitsForOwner: false };

describe('planCollect', () => {
  const plan = (states: Record<string, OwnerState>, dependents: Dependent[] = [], finalizers: string[] = []) => {
    const map = aMap('a', []);
    const object = { ...map, metadata: { ...map.metadata, finalizers } };
    return planCollect(object, new Map(Object.entries(states)), dependents);
  };

  it('keeps what has no owner, or one that is there', () => {
    assert.deepEqual(plan({}), { do: 'keep' });
    assert.deepEqual(plan({ a: 'present' }), { do: 'keep' });
  });

  it('deletes what has lost all its owners, in the way its finalizers ask for', () => {
    const policies = { foregroundDeletion: 'Foreground', orphan: 'Orphan', 'example.com/hold': 'Background' };
    assert.deepEqual(plan({ a: 'absent', b: 'absent' }), { do: 'delete', propagationPolicy: 'Background' });
    for (const [finalizer, propagationPolicy] of Object.entries(policies))
      assert.deepEqual(plan({ a: 'absent' }, [], [finalizer]), { do: 'delete', propagationPolicy });
  });

  it('only unlinks from lost owners while one is left', () => {
    assert.deepEqual(plan({ a: 'absent', b: 'present', c: 'waiting' }), { do: 'unlink', uids: ['a', 'c'] });
  });

  it('hands a foreground deletion on to dependents that have dependents', () => {
    assert.deepEqual(plan({ a: 'waiting' }), { do: 'delete', propagationPolicy: 'Background' });
    assert.deepEqual(plan({ a: 'waiting' }, [aDependent]), { do: 'delete', propagationPolicy: 'Foreground' });
  });
});

describe('garbage', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  const create = async (): Promise<void> => {
    await cluster.store.create('deployments.apps', aDeployment());
    await cluster.until('the rollout', () => cluster.isRolledOut());
  };
  const hasDeployment = (): boolean => cluster.store.get('deployments.apps', 'default', 'web') !== undefined;

  it('goes after its owner in the background', async () => {
    await create();
    await cluster.delete('deployments.apps', 'default', 'web');
    assert.equal(hasDeployment(), false);
    await cluster.until('sets and pods to go', () => cluster.sets().length + cluster.pods().length === 0);
  });

  it('goes before its owner in the foreground', async () => {
    await create();
    cluster.endsPods = false;
    await cluster.delete('deployments.apps', 'default', 'web', { propagationPolicy: 'Foreground' });
    await cluster.until('pods to be asked to end', () => cluster.livePods().length === 0);
    await cluster.pass(3_000);
    assert.equal(cluster.pods().length, 3);
    assert.equal(cluster.sets().length, 1);
    assert.equal(hasDeployment(), true);
    cluster.endsPods = true;
    await cluster.until('all to go', () => cluster.sets().length + cluster.pods().length === 0 && !hasDeployment());
  });

  it('stays when it is orphaned', async () => {
    await create();
    await cluster.delete('deployments.apps', 'default', 'web', { propagationPolicy: 'Orphan' });
    await cluster.until('the owner to go', () => !hasDeployment());
    await cluster.pass(3_000);
    assert.equal(cluster.sets().length, 1);
    assert.equal(cluster.sets()[0]?.metadata.ownerReferences, undefined);
    assert.equal(cluster.readyPods().length, 3);
  });

  it('goes when its owner was gone before it came, or is another one of that name', async () => {
    const owner = await cluster.store.create('configmaps', aMap('owner', []));
    const { name, uid = '' } = owner.metadata;
    await cluster.store.create('configmaps', aMap('kept', [{ name, uid }]));
    await cluster.store.create('configmaps', aMap('late', [{ name: 'never', uid: 'x' }]));
    await cluster.store.create('configmaps', aMap('other', [{ name, uid: 'another uid' }]));
    const names = (): string[] => cluster.store.list('configmaps').items.map(({ metadata }) => metadata.name);
    await cluster.until('both to go', () => names().join() === 'kept,owner');
  });

  it('is everything in a namespace that is deleted', async () => {
    const aNamespace: KubeObject & Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'default' },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    };
    await cluster.store.create('namespaces', aNamespace);
    await create();
    await cluster.until('an account', () => cluster.store.get('serviceaccounts', 'default', 'default') !== undefined);
    cluster.endsPods = false;
    await cluster.delete('namespaces', '', 'default');
    await cluster.until('pods to be asked to end', () => cluster.livePods().length === 0);
    const find = () => cluster.store.get<KubeObject & Namespace>('namespaces', '', 'default');
    await cluster.until('the reason', () => find()?.status?.conditions?.[0]?.type === 'NamespaceContentRemaining');
    assert.match(find()?.status?.conditions?.[0]?.message ?? '', /pods has 3 resource instances/);
    assert.equal(find()?.status?.conditions?.[1]?.status, 'False');
    await cluster.store.modify('pods', 'default', cluster.pods()[0]?.metadata.name ?? '', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, finalizers: ['example.com/hold'] },
    }));
    await cluster.until('the finalizer to be named', () => {
      return find()?.status?.conditions?.[1]?.message?.endsWith(': example.com/hold in 1 resource instances') === true;
    });
    cluster.endsPods = true;
    await cluster.store.modify('pods', 'default', cluster.pods()[0]?.metadata.name ?? '', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, finalizers: [] },
    }));
    await cluster.until('the namespace to go', () => find() === undefined);
    assert.equal(cluster.sets().length + cluster.pods().length, 0);
    assert.equal(cluster.store.get('serviceaccounts', 'default', 'default'), undefined);
  });
});
