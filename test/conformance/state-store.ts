import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ObjectKey, StateStore } from '../../controller/store/state-store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Reason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';

const keyOf = (name: string, namespace = 'default'): ObjectKey => ({ resource: 'configmaps', namespace, name });

function anObject(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data } as KubeObject;
}

const refuses = (write: Promise<unknown>, reason: Reason): Promise<void> =>
  assert.rejects(write, (error) => hasReason(error, reason));

/** What every StateStore does. `open` gives a fresh, empty one. */
export function stateStoreConformance(name: string, open: () => Promise<StateStore>): void {
  describe(`StateStore: ${name}`, () => {
    let store: StateStore;
    beforeEach(async () => {
      store = await open();
      await store.load();
    });
    afterEach(() => store.close());

    it('starts empty at version 0', async () => {
      assert.deepEqual(await store.load(), { objects: [], version: 0 });
    });

    it('loads what was written, with the version of each object', async () => {
      const version = await store.create(keyOf('a'), anObject('a', { key: 'välue' }));
      await store.create(keyOf('a', 'other'), anObject('a'));
      const { objects, version: newest } = await store.load();
      const found = objects.find(({ key }) => key.namespace === 'default');
      const expected = anObject('a', { key: 'välue' });
      const metadata = { ...expected.metadata, resourceVersion: String(version) };
      assert.deepEqual(found, { key: keyOf('a'), object: { ...expected, metadata } });
      assert.equal(newest, version + 1);
    });

    it('refuses to create what is there', async () => {
      await store.create(keyOf('a'), anObject('a'));
      await refuses(store.create(keyOf('a'), anObject('a')), 'AlreadyExists');
    });

    it('refuses an update or a delete made from an old version', async () => {
      const first = await store.create(keyOf('a'), anObject('a'));
      const second = await store.update(keyOf('a'), anObject('a', { x: '1' }), first);
      await refuses(store.update(keyOf('a'), anObject('a', { x: '2' }), first), 'Conflict');
      await refuses(store.delete(keyOf('a'), first), 'Conflict');
      await store.delete(keyOf('a'), second);
    });

    it('refuses an update or a delete of what is not there', async () => {
      await refuses(store.update(keyOf('a'), anObject('a'), 1), 'NotFound');
      await refuses(store.delete(keyOf('a'), 1), 'NotFound');
    });

    it('counts deletions, so that an object made again has a higher version', async () => {
      const first = await store.create(keyOf('a'), anObject('a'));
      const gone = await store.delete(keyOf('a'), first);
      const again = await store.create(keyOf('a'), anObject('a'));
      assert.deepEqual([gone, again], [first + 1, first + 2]);
    });

    it('has every change, in order, with the object after and before it', async () => {
      const first = await store.create(keyOf('a'), anObject('a', { x: '1' }));
      const second = await store.update(keyOf('a'), anObject('a', { x: '2' }), first);
      const other = await store.create(keyOf('b'), anObject('b'));
      const third = await store.update(keyOf('a'), anObject('a', { x: '3' }), second);
      await store.delete(keyOf('a'), third);
      await store.create(keyOf('a'), anObject('a', { x: 'again' }));
      await refuses(store.update(keyOf('b'), anObject('b'), 1), 'Conflict');
      const { changes, floor } = await store.changes();
      assert.equal(floor, 0);
      const dataOf = (object: KubeObject | undefined): unknown => (object as { data?: { x?: string } })?.data?.x;
      assert.deepEqual(
        changes.map(({ type, key, version, object, previous }) => [
          type,
          key.name,
          version,
          dataOf(object),
          dataOf(previous),
        ]),
        [
          ['ADDED', 'a', first, '1', undefined],
          ['MODIFIED', 'a', second, '2', '1'],
          ['ADDED', 'b', other, undefined, undefined],
          ['MODIFIED', 'a', third, '3', '2'],
          ['DELETED', 'a', third + 1, '3', undefined],
          ['ADDED', 'a', third + 2, 'again', undefined],
        ],
      );
      assert.ok(changes.every(({ object, version }) => object.metadata.resourceVersion === String(version)));
    });

    it('drops the oldest changes, and none above its floor', async () => {
      const count = 12_000;
      for (let at = 0; at < count; at += 1000) {
        await Promise.all(
          Array.from({ length: 1000 }, (_, more) => store.create(keyOf(`n${at + more}`), anObject(`n${at + more}`))),
        );
      }
      const { changes, floor } = await store.changes();
      assert.ok(floor > 0 && count - floor >= 10_000);
      assert.deepEqual(
        [changes.length, changes[0]?.version, changes.at(-1)?.version],
        [count - floor, floor + 1, count],
      );
    });

    it('shows a Secret in its changes as it is now, and nothing of one that is gone', async () => {
      const key = { resource: 'secrets', namespace: 'default', name: 's' };
      const aSecret = (data: string): KubeObject => ({
        ...anObject('s', { key: data }),
        kind: 'Secret',
        metadata: { name: 's', namespace: 'default', labels: { a: 'b' }, annotations: { applied: data } },
      });
      const first = await store.create(key, aSecret('one'));
      const second = await store.update(key, aSecret('two'), first);
      const shown = async (): Promise<string> => JSON.stringify((await store.changes()).changes);
      assert.ok((await shown()).includes('two') && !(await shown()).includes('one'));
      await store.delete(key, second);
      const { changes } = await store.changes();
      assert.deepEqual(
        changes.map(({ type }) => type),
        ['ADDED', 'MODIFIED', 'DELETED'],
      );
      assert.ok(!(await shown()).includes('two') && (await shown()).includes('"labels"'));
    });

    it('lets one of many writers from the same version win', async () => {
      const first = await store.create(keyOf('a'), anObject('a'));
      const writes = Array.from({ length: 24 }, (_, writer) =>
        store.update(keyOf('a'), anObject('a', { writer: String(writer) }), first),
      );
      const results = await Promise.allSettled(writes);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('answers writes in the order in which they were begun, each with the next version', async () => {
      const versions = await Promise.all(
        Array.from({ length: 50 }, (_, at) => store.create(keyOf(`n${at}`), anObject(`n${at}`))),
      );
      assert.deepEqual(
        versions,
        versions.map((_, at) => at + 1),
      );
    });

    it('is what a map with versions would be, whatever is written', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(aWrite, { maxLength: 40 }), (writes) =>
          behavesAsModel(store, `run-${(run += 1)}`, writes),
        ),
      );
    });

    it('closes twice and takes no writes after', async () => {
      const begun = store.create(keyOf('a'), anObject('a'));
      await Promise.all([store.close(), store.close()]);
      assert.equal(await begun, 1);
      await refuses(store.create(keyOf('b'), anObject('b')), 'ServiceUnavailable');
    });
  });
}

interface ModelWrite {
  do: 'create' | 'update' | 'delete';
  name: string;
  /** How far the version it expects is from the right one. */
  off: number;
}

const aWrite: fc.Arbitrary<ModelWrite> = fc.record({
  do: fc.constantFrom('create', 'update', 'delete'),
  name: fc.constantFrom('a', 'b', 'c'),
  off: fc.constantFrom(0, 0, 0, 1, -1),
});

/** Begins all writes at once and compares each outcome, and what is left, with a plain map. */
async function behavesAsModel(store: StateStore, namespace: string, writes: ModelWrite[]): Promise<void> {
  const model = new Map<string, number>();
  let { version } = await store.load();
  const expected: (number | Reason)[] = [];
  const outcomes: Promise<number | Reason>[] = [];
  for (const write of writes) {
    const have = model.get(write.name);
    const from = (have ?? 1) + write.off;
    const outcome = refusalOf(write, have, from);
    expected.push(outcome ?? version + 1);
    const begun = begin(store, keyOf(write.name, namespace), write, from);
    outcomes.push(begun.catch((error) => (error as { reason: Reason }).reason));
    if (outcome !== undefined) continue;
    version += 1;
    if (write.do === 'delete') model.delete(write.name);
    else model.set(write.name, version);
  }
  assert.deepEqual(await Promise.all(outcomes), expected);
  const loaded = await store.load();
  assert.equal(loaded.version, version);
  const left = loaded.objects
    .filter(({ key }) => key.namespace === namespace)
    .map(({ key, object }) => [key.name, Number(object.metadata.resourceVersion)] as const);
  assert.deepEqual(new Map(left), model);
}

function refusalOf(write: ModelWrite, have: number | undefined, from: number): Reason | undefined {
  if (write.do === 'create') return have === undefined ? undefined : 'AlreadyExists';
  if (have === undefined) return 'NotFound';
  return have === from ? undefined : 'Conflict';
}

function begin(store: StateStore, key: ObjectKey, write: ModelWrite, from: number): Promise<number> {
  if (write.do === 'create') return store.create(key, anObject(key.name));
  if (write.do === 'update') return store.update(key, anObject(key.name, { from: String(from) }), from);
  return store.delete(key, from);
}
