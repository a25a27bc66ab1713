import assert from 'node:assert/strict';
import { NamespaceReconciler } from '../../../controller/reconcile/namespace/reconciler.ts';
import { openStore } from '../../../controller/store/cached-store.ts';
import { deleteObject } from '../../../controller/store/deletion.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { openSqliteStore } from '../../../controller/store/sqlite-store.ts';
import { silentLogger } from '../../../shared/log.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

describe('namespace reconciler', () => {
  it('empties a namespace of what was on its way to the disk when it was deleted', async () => {
    const clock = new ManualClock();
    const state = await openSqliteStore(':memory:');
    const disk = Promise.withResolvers<void>();
    const slowForMaps = {
      load: state.load.bind(state),
      changes: state.changes.bind(state),
      update: state.update.bind(state),
      delete: state.delete.bind(state),
      close: state.close.bind(state),
      create: async (...[key, object]: Parameters<typeof state.create>): Promise<number> => {
        const version = state.create(key, object);
        if (key.resource === 'configmaps') await disk.promise;
        return version;
      },
    };
    const store = await openStore(slowForMaps, clock);
    const deps = { store, clock, log: silentLogger, random: () => 0 };
    const reconciler = new NamespaceReconciler({ ...deps, events: new EventRecorder(deps) });
    const spec = { finalizers: ['kubernetes'] };
    await store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, spec } as never);
    await deleteObject(store, clock, 'namespaces', '', 'a');

    const metadata = { name: 'late', namespace: 'a' };
    const created = store.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    const reconciled = reconciler.reconcile('a');
    disk.resolve();
    await Promise.all([created, reconciled]);

    assert.equal(store.get('namespaces', '', 'a'), undefined);
    assert.deepEqual(store.list('configmaps').items, []);
    await state.close();
  });
});
