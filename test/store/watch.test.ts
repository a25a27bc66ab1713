import assert from 'node:assert/strict';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { Change, StateStore } from '../../controller/store/state-store.ts';
import type { Store, WatchOptions } from '../../controller/store/store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const aMap = (name: string, namespace = 'default'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
});
const limits = { changes: 20, bytes: 1_000_000, followerBytes: 100_000 };

describe('watch', () => {
  let state: StateStore;
  let store: Store;
  let stop: AbortController;
  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, new ManualClock(), limits);
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await state.close();
  });

  const watch = (options: Partial<WatchOptions> = {}): AsyncGenerator<Change, void> =>
    store.watch({ from: 0, signal: stop.signal, ...options });
  const take = async (changes: AsyncGenerator<Change, void>, count: number): Promise<string[]> => {
    const taken: string[] = [];
    while (taken.length < count) {
      const { value } = await changes.next();
      if (value === undefined) break;
      taken.push(`${value.type} ${value.key.name} ${value.version}`);
    }
    return taken;
  };
  const isExpired = (error: unknown): boolean => hasReason(error, 'Expired');

  it('shows every change once, in the order of versions, past and new', async () => {
    const made = await store.create('configmaps', aMap('a'));
    await store.create('configmaps', aMap('b'));
    const changes = watch();
    assert.deepEqual(await take(changes, 1), ['ADDED a 1']);
    const next = take(changes, 3);
    await store.update('configmaps', { ...made, metadata: { ...made.metadata, labels: { x: 'y' } } });
    await store.remove('configmaps', 'default', 'b');
    assert.deepEqual(await next, ['ADDED b 2', 'MODIFIED a 3', 'DELETED b 4']);
  });

  it('has no gap after a list', async () => {
    await store.create('configmaps', aMap('a'));
    const { version } = store.list('configmaps');
    await store.create('configmaps', aMap('b'));
    assert.deepEqual(await take(watch({ from: version }), 1), ['ADDED b 2']);
  });

  it('shows only the wanted resource and namespace', async () => {
    await store.create('secrets', { ...aMap('s'), kind: 'Secret' });
    await store.create('configmaps', aMap('a', 'other'));
    await store.create('configmaps', aMap('b'));
    assert.deepEqual(await take(watch({ resource: 'configmaps' }), 2), ['ADDED a 2', 'ADDED b 3']);
    assert.deepEqual(await take(watch({ resource: 'configmaps', namespace: 'default' }), 1), ['ADDED b 3']);
  });

  it('gives the object before a change and, of a deleted one, the last state with the version of its deletion', async () => {
    const made = await store.create('configmaps', aMap('a'));
    await store.update('configmaps', { ...made, metadata: { ...made.metadata, labels: { x: 'y' } } });
    await store.remove('configmaps', 'default', 'a');
    const changes = watch({ from: 1 });
    const modified = (await changes.next()).value;
    assert.deepEqual(modified?.previous, made);
    const deleted = (await changes.next()).value;
    assert.deepEqual(deleted?.object.metadata.labels, { x: 'y' });
    assert.equal(deleted?.object.metadata.resourceVersion, '3');
  });

  it('ends when its signal aborts, waiting or not', async () => {
    const changes = watch();
    const waiting = changes.next();
    stop.abort();
    assert.deepEqual(await waiting, { value: undefined, done: true });
    assert.deepEqual(await watch().next(), { value: undefined, done: true });
  });

  it('has what is no longer in memory from the state store, and goes on without a gap', async () => {
    for (let at = 1; at <= 45; at += 1) await store.create('configmaps', aMap(`n${at}`));
    const changes = watch({ from: 3 });
    assert.equal((await take(changes, 1))[0], 'ADDED n4 4');
    for (let at = 46; at <= 90; at += 1) await store.create('configmaps', aMap(`n${at}`));
    const numbers = (await take(changes, 86)).map((line) => Number(line.split(' ')[2]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 86 }, (_, at) => at + 5),
    );
  });

  it('goes on over a restart, for the resource and namespace that it is of', async () => {
    const made = await store.create('configmaps', aMap('a'));
    await store.create('configmaps', aMap('elsewhere', 'other'));
    await store.update('configmaps', { ...made, metadata: { ...made.metadata, labels: { x: 'y' } } });
    await store.remove('configmaps', 'default', 'a');
    const restarted = await openStore(state, new ManualClock(), limits);
    const options = { resource: 'configmaps', namespace: 'default', signal: stop.signal };
    assert.deepEqual(await take(restarted.watch({ ...options, from: 0 }), 3), [
      'ADDED a 1',
      'MODIFIED a 3',
      'DELETED a 4',
    ]);
    assert.deepEqual(await take(restarted.watch({ ...options, from: 3 }), 1), ['DELETED a 4']);
  });

  it('is Expired when it starts below what the state store has, or in the future', async () => {
    for (let at = 1; at <= 45; at += 1) await store.create('configmaps', aMap(`n${at}`));
    const { changes } = await state.changes();
    const floor = 10;
    const later = changes.filter(({ version }) => version > floor);
    const short = Object.assign(Object.create(state) as StateStore, {
      load: state.load.bind(state),
      changes: () => Promise.resolve({ changes: later, floor }),
    });
    const restarted = await openStore(short, new ManualClock(), limits);
    await assert.rejects(restarted.watch({ from: 9, signal: stop.signal }).next(), isExpired);
    assert.deepEqual(await take(restarted.watch({ from: 10, signal: stop.signal }), 1), ['ADDED n11 11']);
    await assert.rejects(watch({ from: 46 }).next(), isExpired);
  });

  it('cuts off a follower that leaves too many changes unread', async () => {
    await store.create('configmaps', aMap('a'));
    const changes = watch({ maxBuffered: 3 });
    assert.deepEqual(await take(changes, 1), ['ADDED a 1']);
    for (let at = 0; at < 4; at += 1) await store.create('configmaps', aMap(`n${at}`));
    await assert.rejects(changes.next(), isExpired);
    assert.deepEqual(await changes.next(), { value: undefined, done: true });
  });

  it('cuts off a follower that leaves too many bytes unread', async () => {
    await store.create('configmaps', aMap('a'));
    const changes = watch();
    await take(changes, 1);
    const text = { x: 'x'.repeat(60_000) };
    for (const name of ['b', 'c']) {
      const map = aMap(name);
      await store.create('configmaps', { ...map, metadata: { ...map.metadata, annotations: text } });
    }
    await assert.rejects(changes.next(), isExpired);
  });

  it('holds no more bytes of the past in memory than allowed', async () => {
    let reads = 0;
    const counted = Object.assign(Object.create(state) as StateStore, {
      load: state.load.bind(state),
      create: state.create.bind(state),
      changes: () => ((reads += 1), state.changes()),
    });
    store = await openStore(counted, new ManualClock(), limits);
    const text = { x: 'x'.repeat(600_000) };
    for (const name of ['a', 'b', 'c']) {
      const map = aMap(name);
      await store.create('configmaps', { ...map, metadata: { ...map.metadata, annotations: text } });
    }
    assert.deepEqual([await take(watch({ from: 2 }), 1), reads], [['ADDED c 3'], 0]);
    assert.deepEqual([await take(watch({ from: 1 }), 1), reads], [['ADDED b 2'], 1]);
  });
});
