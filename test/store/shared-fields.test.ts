import assert from 'node:assert/strict';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { systemClock } from '../../shared/clock.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { usedBytes } from '../api/hostile/used-bytes.ts';

const owned = (): object => ({ 'f:data': { 'f:a': {}, 'f:b': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } });

const aMap = (name: string, fieldsV1: object = owned()): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'default',
    managedFields: [{ manager: 'one', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }],
  },
});

describe('fields that many objects have alike', () => {
  let state: StateStore;
  let store: Store;

  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, systemClock);
  });
  afterEach(() => state.close());

  const fieldsOf = ({ metadata }: KubeObject): unknown => metadata.managedFields?.[0]?.fieldsV1;

  it('are in memory once, also when they were written apart', async () => {
    const first = await store.create('configmaps', aMap('a'));
    const second = await store.create('configmaps', aMap('b'));
    assert.deepEqual(fieldsOf(first), owned());
    assert.equal(fieldsOf(second), fieldsOf(first));
    const changed = await store.modify('configmaps', 'default', 'a', (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { x: 'y' } },
    }));
    assert.equal(fieldsOf(changed), fieldsOf(first));
    const again = await openStore(state, systemClock);
    const [one, two] = again.list('configmaps').items;
    assert.equal(fieldsOf(one as KubeObject), fieldsOf(two as KubeObject));
  });

  it('are not those of the writer, who may change them afterwards', async () => {
    const mine = aMap('a');
    const stored = await store.create('configmaps', mine);
    Object.assign(fieldsOf(mine) as object, { 'f:other': {} });
    assert.deepEqual(fieldsOf(stored), owned());
  });

  it('are held no longer than the objects when these are large', async () => {
    const large = (at: number): object =>
      Object.fromEntries(Array.from({ length: 2_000 }, (_, step) => [`f:key-${at}-${step}`, {}]));
    const round = async (at: number): Promise<void> => {
      await store.create('configmaps', aMap('large', { 'f:data': large(at) }));
      await store.remove('configmaps', 'default', 'large');
      await store.create('configmaps', aMap('small', { 'f:data': { [`f:${at}`]: {} } }));
      await store.remove('configmaps', 'default', 'small');
    };
    store = await openStore(state, systemClock, { changes: 1, bytes: 1, followerBytes: 1 });
    await round(0);
    const first = usedBytes();
    for (let at = 1; at <= 200; at += 1) await round(at);
    const growth = usedBytes() - first;
    assert.ok(growth < 10 * 1024 * 1024, `${growth} bytes more`);
  });

  it('stay apart when they differ in a part or a step', async () => {
    const variants = [{ 'f:a': { 'f:b': {} } }, { 'f:a': {}, 'f:b': {} }, { 'f:b': { 'f:a': {} } }, { 'f:a,f:b': {} }];
    for (const [at, fields] of variants.entries()) {
      assert.deepEqual(fieldsOf(await store.create('configmaps', aMap(`v${at}`, fields))), fields);
    }
  });
});
