import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Reason } from '../../shared/errors.ts';
import type { ConfigMap, KubeObject, Namespace, Pod } from '../../shared/objects/types.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

type AnyPod = KubeObject & Pod;
type AnyMap = KubeObject & ConfigMap;

const aNewPod = (name = 'web', metadata: object = {}): AnyPod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [] },
});
const aMap = (name: string, namespace = 'default', data: Record<string, string> = {}): AnyMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const refuses = (work: Promise<unknown>, reason: Reason, message?: RegExp): Promise<void> =>
  assert.rejects(work, (error) => hasReason(error, reason) && (message?.test(error.message) ?? true));

describe('cached store', () => {
  let state: StateStore;
  let store: Store;
  const clock = new ManualClock();
  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
  });
  afterEach(() => state.close());

  it('gives a new object its uid, creation time, generation and version', async () => {
    const { metadata } = await store.create('pods', aNewPod('web', { generation: 7, deletionTimestamp: 'x' }));
    assert.match(metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    const { creationTimestamp, generation, resourceVersion, deletionTimestamp } = metadata;
    assert.deepEqual(
      { creationTimestamp, generation, resourceVersion, deletionTimestamp },
      {
        creationTimestamp: '2026-01-01T00:00:00Z',
        generation: 1,
        resourceVersion: '1',
        deletionTimestamp: undefined,
      },
    );
    assert.equal((await store.create('configmaps', aMap('a'))).metadata.generation, undefined);
  });

  it('keeps what a restored object brings with its uid', async () => {
    const brought = { uid: 'u-1', generation: 4, creationTimestamp: '2020-01-01T00:00:00Z' };
    const { metadata } = await store.create('pods', aNewPod('web', brought));
    assert.deepEqual(metadata, { name: 'web', namespace: 'default', ...brought, resourceVersion: '1' });
  });

  it('has the words of refusals that clients match', async () => {
    await store.create('deployments.apps', { ...aNewPod(), kind: 'Deployment' });
    const again = store.create('deployments.apps', { ...aNewPod(), kind: 'Deployment' });
    await refuses(again, 'AlreadyExists', /^deployments.apps "web" already exists$/);
    await refuses(store.update('pods', aNewPod('gone')), 'NotFound', /^pods "gone" not found$/);
    const stale = aNewPod('web', { resourceVersion: '99' });
    await refuses(
      store.update('deployments.apps', stale),
      'Conflict',
      /^Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply/,
    );
  });

  it('raises the generation with the spec alone', async () => {
    const first = await store.create('pods', aNewPod());
    const labelled = await store.update('pods', { ...first, metadata: { ...first.metadata, labels: { a: 'b' } } });
    assert.equal(labelled.metadata.generation, 1);
    const running = await store.update('pods', { ...labelled, status: { phase: 'Running' } });
    assert.equal(running.metadata.generation, 1);
    const bound = await store.update('pods', { ...running, spec: { containers: [], nodeName: 'n' } });
    assert.equal(bound.metadata.generation, 2);
  });

  it('writes nothing when an update changes nothing', async () => {
    const first = await store.create('pods', aNewPod());
    const metadata = { ...first.metadata, uid: 'other', creationTimestamp: undefined, generation: 9 };
    const same = await store.update('pods', { ...first, metadata, status: undefined });
    assert.equal(same, store.get('pods', 'default', 'web'));
    assert.equal(store.version, 1);
  });

  it('takes no part in what callers do to their objects afterwards, and lets nobody write to its own', async () => {
    const mine = aMap('a', 'default', { key: 'old' });
    const stored = await store.create('configmaps', mine);
    (mine.data as Record<string, string>)['key'] = 'new';
    assert.equal(store.get<AnyMap>('configmaps', 'default', 'a')?.data?.['key'], 'old');
    assert.throws(() => ((stored.data as Record<string, string>)['key'] = 'new'), TypeError);
  });

  it('refuses objects above 1.5 MiB, whatever their characters take', async () => {
    for (const text of ['x'.repeat(1_600_000), 'é'.repeat(800_000)]) {
      await refuses(store.create('configmaps', aMap('a', 'default', { x: text })), 'RequestEntityTooLarge');
    }
  });

  it('refuses an update that makes an object too large, and has room for what deletes it', async () => {
    const full = { ...aMap('a', 'default', { x: 'x'.repeat(1_572_700) }) };
    const stored = await store.create('configmaps', full);
    const grown = (extra: object): AnyMap => ({ ...stored, metadata: { ...stored.metadata, ...extra } });
    const large = { labels: { a: 'x'.repeat(100) } };
    await refuses(store.update('configmaps', grown(large)), 'RequestEntityTooLarge', /at most 1572864 are kept/);
    const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/a'] };
    const deleted = await store.update('configmaps', grown({ ...deletion, ...large }));
    assert.equal(deleted.metadata.deletionTimestamp, deletion.deletionTimestamp);
    const { metadata } = deleted;
    const growing = { ...deleted, metadata: { ...metadata, annotations: { a: 'x'.repeat(70_000) } } };
    await refuses(store.update('configmaps', growing), 'RequestEntityTooLarge');
  });

  it('lists by namespace in the order of names, true at a version', async () => {
    for (const [name, namespace] of [
      ['b', 'two'],
      ['a', 'two'],
      ['c', 'one'],
    ] as const) {
      await store.create('configmaps', aMap(name, namespace));
    }
    const names = (namespace?: string): string[] =>
      store.list('configmaps', { namespace }).items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(names(), ['one/c', 'two/a', 'two/b']);
    assert.deepEqual(names('two'), ['two/a', 'two/b']);
    assert.deepEqual(names('none'), []);
    await store.remove('configmaps', 'two', 'a');
    assert.deepEqual(names(), ['one/c', 'two/b']);
    assert.equal(store.list('configmaps').version, 4);
  });

  it('finds dependents by the uid of their owner, as owners come and go', async () => {
    const owner = { apiVersion: 'v1', kind: 'X', name: 'o', uid: 'owner-1' };
    const pod = await store.create('pods', aNewPod('web', { ownerReferences: [owner] }));
    assert.deepEqual(
      store.dependents('owner-1').map(({ key }) => key.name),
      ['web'],
    );
    await store.update('pods', { ...pod, metadata: { ...pod.metadata, ownerReferences: [] } });
    assert.deepEqual(store.dependents('owner-1'), []);
  });

  it('lets all of many modifiers of one object in', async () => {
    await store.create('configmaps', aMap('a', 'default', {}));
    const set = (key: string): Promise<AnyMap> =>
      store.modify<AnyMap>('configmaps', 'default', 'a', (map) => ({ ...map, data: { ...map.data, [key]: 'x' } }));
    await Promise.all(['1', '2', '3', '4', '5', '6', '7', '8'].map(set));
    const data = store.get<AnyMap>('configmaps', 'default', 'a')?.data ?? {};
    assert.equal(Object.keys(data).length, 8);
  });

  it('leaves the object alone when a modifier says so, and refuses when it is gone', async () => {
    await store.create('configmaps', aMap('a'));
    await store.modify('configmaps', 'default', 'a', () => undefined);
    assert.equal(store.version, 1);
    await refuses(
      store.modify('configmaps', 'default', 'gone', (map) => map),
      'NotFound',
    );
  });

  it('removes an object that is being deleted with its last finalizer', async () => {
    const first = await store.create<KubeObject>('configmaps', {
      ...aMap('a'),
      metadata: { name: 'a', finalizers: ['x/y', 'z/z'] },
    });
    const time = '2026-01-01T00:00:00Z';
    const dying = await store.update('configmaps', {
      ...first,
      metadata: { ...first.metadata, deletionTimestamp: time },
    });
    const one = await store.update('configmaps', { ...dying, metadata: { ...dying.metadata, finalizers: ['x/y'] } });
    assert.ok(store.get('configmaps', '', 'a'));
    const last = await store.update('configmaps', { ...one, metadata: { ...one.metadata, finalizers: [] } });
    assert.equal(store.get('configmaps', '', 'a'), undefined);
    assert.equal(last.metadata.resourceVersion, '4');
  });

  it('keeps a pod within its grace, and a namespace with spec finalizers', async () => {
    const time = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
    const pod = await store.create('pods', aNewPod());
    await store.update('pods', { ...pod, metadata: { ...pod.metadata, ...time } });
    assert.ok(store.get('pods', 'default', 'web'));
    const space: KubeObject & Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'ns' },
      spec: { finalizers: ['kubernetes'] },
    };
    const made = await store.create('namespaces', space);
    const dying = await store.update('namespaces', { ...made, metadata: { ...made.metadata, ...time } });
    assert.ok(store.get('namespaces', '', 'ns'));
    await store.update('namespaces', { ...dying, spec: { finalizers: [] } });
    assert.equal(store.get('namespaces', '', 'ns'), undefined);
  });

  it('never takes a deletion back', async () => {
    const made = await store.create('configmaps', { ...aMap('a'), metadata: { name: 'a', finalizers: ['x/y'] } });
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    await store.update('configmaps', { ...made, metadata: { ...made.metadata, deletionTimestamp } });
    const revived = await store.modify('configmaps', '', 'a', ({ metadata, ...map }) => ({
      ...map,
      metadata: { ...metadata, deletionTimestamp: undefined, labels: { a: 'b' } },
    }));
    assert.equal(revived.metadata.deletionTimestamp, deletionTimestamp);
  });

  it('removes conditionally and unconditionally', async () => {
    const made = await store.create('configmaps', aMap('a'));
    await refuses(store.remove('configmaps', 'default', 'a', '99'), 'Conflict');
    const gone = await store.remove('configmaps', 'default', 'a', made.metadata.resourceVersion);
    assert.equal(gone.metadata.resourceVersion, '2');
    await refuses(store.remove('configmaps', 'default', 'a'), 'NotFound');
  });

  it('loads again what was stored before', async () => {
    const made = await store.create('pods', aNewPod());
    const again = await openStore(state, clock);
    assert.deepEqual(again.get('pods', 'default', 'web'), made);
    assert.equal(again.version, 1);
  });

  it('shows the same as its driver after any mix of concurrent writers', async () => {
    const act = fc.record({ name: fc.constantFrom('a', 'b'), kind: fc.constantFrom('create', 'set', 'remove') });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
        const work = acts.map(({ name, kind }, at): Promise<unknown> => {
          if (kind === 'create') return store.create('configmaps', aMap(name));
          if (kind === 'remove') return store.remove('configmaps', 'default', name);
          return store.modify<AnyMap>('configmaps', 'default', name, (map) => ({ ...map, data: { at: String(at) } }));
        });
        await Promise.allSettled(work);
        const { objects, version } = await state.load();
        const stored = objects.map(({ object }) => object).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        assert.deepEqual(store.list('configmaps'), { items: stored, version });
      }),
      { numRuns: 50 },
    );
  });
});
