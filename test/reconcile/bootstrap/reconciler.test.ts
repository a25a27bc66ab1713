import assert from 'node:assert/strict';
import { bootstrap } from '../../../controller/api/bootstrap.ts';
import { BootstrapReconciler } from '../../../controller/reconcile/bootstrap/reconciler.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { silentLogger } from '../../../shared/log.ts';
import { systemNamespaces } from '../../../shared/objects/names.ts';
import { Cluster } from '../cluster.ts';

describe('what is always there', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start(0);
    const { store, clock } = cluster;
    const events = new EventRecorder({ store, clock, log: silentLogger });
    const deps = { store, clock, log: silentLogger, events, random: Math.random };
    new BootstrapReconciler(deps, bootstrap).run(cluster.scope.child('bootstrap'));
  });
  afterEach(() => cluster.stop());

  const isThere = (): boolean =>
    bootstrap.every(([resource, { metadata }]) => cluster.store.get(resource, '', metadata.name)) &&
    systemNamespaces.every((name) => cluster.store.get('serviceaccounts', name, 'default'));

  it('is made at the start, and again each time that it is gone', async () => {
    await cluster.until('all to be there', isThere);
    for (const [resource, { metadata }] of bootstrap) await cluster.store.remove(resource, '', metadata.name);
    await cluster.store.remove('serviceaccounts', 'kube-system', 'default');
    assert.equal(isThere(), false);
    await cluster.until('all to be there again', isThere);
  });

  it('comes back when its deletion had begun before', async () => {
    await cluster.until('all to be there', isThere);
    const before = cluster.store.get('namespaces', '', 'default')?.metadata.uid;
    await cluster.delete('namespaces', '', 'default');
    const uid = (): string | undefined => cluster.store.get('namespaces', '', 'default')?.metadata.uid;
    await cluster.until('another namespace of that name', () => uid() !== undefined && uid() !== before);
    await cluster.until('what lives in it', isThere);
  });

  it('stays as it was changed', async () => {
    await cluster.until('all to be there', isThere);
    const change = { labels: { mine: 'yes' } };
    await cluster.store.modify('namespaces', '', 'default', (object) => {
      return { ...object, metadata: { ...object.metadata, ...change } };
    });
    await cluster.pass(5_000);
    assert.deepEqual(cluster.store.get('namespaces', '', 'default')?.metadata.labels, change.labels);
  });
});
