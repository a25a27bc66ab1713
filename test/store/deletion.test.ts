import assert from 'node:assert/strict';
import { openStore } from '../../controller/store/cached-store.ts';
import { deleteObject } from '../../controller/store/deletion.ts';
import type { Deleted, DeleteOptions } from '../../controller/store/deletion.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject, Namespace, Pod } from '../../shared/objects/types.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const aNewPod = (spec: Partial<Pod['spec']> = {}, metadata: object = {}): KubeObject & Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec: { containers: [], terminationGracePeriodSeconds: 30, ...spec },
});

describe('deletion', () => {
  let state: StateStore;
  let store: Store;
  let clock: ManualClock;
  beforeEach(async () => {
    clock = new ManualClock();
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
  });
  afterEach(() => state.close());

  const deletePod = (options?: DeleteOptions): Promise<Deleted> =>
    deleteObject(store, clock, 'pods', 'default', 'web', options);
  const graceOf = ({ object: { metadata } }: Deleted): unknown[] => [
    metadata.deletionTimestamp,
    metadata.deletionGracePeriodSeconds,
  ];

  it('removes at once what nothing holds', async () => {
    await store.create('pods', aNewPod());
    const { object, removed } = await deletePod();
    assert.deepEqual([removed, object.metadata.resourceVersion], [true, '2']);
    await assert.rejects(deletePod(), (error) => hasReason(error, 'NotFound'));
  });

  it('gives a pod on a node its own grace, or the one that is asked for', async () => {
    await store.create('pods', aNewPod({ nodeName: 'n' }));
    const first = await deletePod();
    assert.deepEqual([first.removed, ...graceOf(first)], [false, '2026-01-01T00:00:30Z', 30]);
    await store.create('pods', aNewPod({ nodeName: 'n' }, { name: 'api' }));
    const asked = await deleteObject(store, clock, 'pods', 'default', 'api', { gracePeriodSeconds: 5 });
    assert.deepEqual(graceOf(asked), ['2026-01-01T00:00:05Z', 5]);
  });

  it('bounds a grace that would end in no year that can be written', async () => {
    await store.create('pods', aNewPod({ nodeName: 'n', terminationGracePeriodSeconds: Number.MAX_SAFE_INTEGER }));
    assert.deepEqual(graceOf(await deletePod()), ['2094-01-19T03:14:07Z', 2_147_483_647]);
  });

  it('lets a second deletion only shorten the grace, counted from the first', async () => {
    await store.create('pods', aNewPod({ nodeName: 'n' }));
    await deletePod();
    await clock.advance(4_000);
    assert.deepEqual(graceOf(await deletePod({ gracePeriodSeconds: 60 })), ['2026-01-01T00:00:30Z', 30]);
    assert.deepEqual(graceOf(await deletePod()), ['2026-01-01T00:00:30Z', 30]);
    assert.equal(store.version, 2);
    assert.deepEqual(graceOf(await deletePod({ gracePeriodSeconds: 10 })), ['2026-01-01T00:00:10Z', 10]);
    assert.equal((await deletePod({ gracePeriodSeconds: 0 })).removed, true);
  });

  it('waits for no node when the pod has ended', async () => {
    await store.create('pods', { ...aNewPod({ nodeName: 'n' }), status: { phase: 'Succeeded' } });
    assert.equal((await deletePod()).removed, true);
  });

  it('keeps an object with finalizers until they are gone', async () => {
    await store.create('pods', aNewPod({ nodeName: 'n' }, { finalizers: ['x/y'] }));
    const { removed, object } = await deletePod({ gracePeriodSeconds: 0 });
    assert.deepEqual([removed, object.metadata.deletionGracePeriodSeconds], [false, 0]);
    await store.modify('pods', 'default', 'web', ({ metadata, ...pod }) => ({
      ...pod,
      metadata: { ...metadata, finalizers: [] },
    }));
    assert.equal(store.get('pods', 'default', 'web'), undefined);
  });

  it('marks Foreground and Orphan by their finalizers, and Background takes them back', async () => {
    await store.create('pods', aNewPod());
    const foreground = await deletePod({ propagationPolicy: 'Foreground' });
    assert.deepEqual([foreground.removed, foreground.object.metadata.finalizers], [false, ['foregroundDeletion']]);
    const orphan = await deletePod({ propagationPolicy: 'Orphan' });
    assert.deepEqual(orphan.object.metadata.finalizers, ['orphan']);
    const again = await deletePod();
    assert.deepEqual(again.object.metadata.finalizers, ['orphan']);
    assert.equal((await deletePod({ propagationPolicy: 'Background' })).removed, true);
  });

  it('refuses when a precondition does not hold', async () => {
    const { metadata } = await store.create('pods', aNewPod());
    const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict') && /Precondition/.test(error.message);
    await assert.rejects(deletePod({ uid: 'other' }), isConflict);
    await assert.rejects(deletePod({ resourceVersion: '99' }), isConflict);
    assert.equal((await deletePod({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })).removed, true);
  });

  it('succeeds beside other writers', async () => {
    await store.create('pods', aNewPod({ nodeName: 'n' }));
    const label = (value: string): Promise<unknown> =>
      store.modify('pods', 'default', 'web', ({ metadata, ...pod }) => ({
        ...pod,
        metadata: { ...metadata, labels: { value } },
      }));
    await Promise.all([label('1'), deletePod(), label('2')]);
    const left = store.get('pods', 'default', 'web')?.metadata;
    assert.deepEqual([left?.labels, left?.deletionGracePeriodSeconds], [{ value: '2' }, 30]);
  });

  it('makes a namespace Terminating until its controller lets it go', async () => {
    await store.create<KubeObject & Namespace>('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'ns' },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const { removed, object } = await deleteObject(store, clock, 'namespaces', '', 'ns');
    const { spec, status, metadata } = object as KubeObject & Namespace;
    assert.deepEqual([removed, spec?.finalizers, status?.phase], [false, ['kubernetes'], 'Terminating']);
    assert.equal(metadata.deletionTimestamp, '2026-01-01T00:00:00Z');
  });
});
