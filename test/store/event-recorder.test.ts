import assert from 'node:assert/strict';
import { openStore } from '../../controller/store/cached-store.ts';
import { deleteObject } from '../../controller/store/deletion.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { keepEventsSwept, sweepEvents } from '../../controller/store/event-sweeper.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { silentLogger } from '../../shared/log.ts';
import type { Event, KubeObject } from '../../shared/objects/types.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aNode, aPod } from '../objects.ts';

type AnyEvent = KubeObject & Event;

describe('events', () => {
  let state: StateStore;
  let store: Store;
  let clock: ManualClock;
  let recorder: EventRecorder;
  beforeEach(async () => {
    clock = new ManualClock();
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
    recorder = new EventRecorder({ store, clock, log: silentLogger });
    for (const name of ['shop', 'x']) await createNamespace(name);
  });
  afterEach(() => state.close());

  const createNamespace = async (name: string): Promise<void> => {
    const spec = { finalizers: ['kubernetes'] };
    await store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec } as KubeObject);
  };
  const events = async (): Promise<readonly AnyEvent[]> => {
    await recorder.settled();
    return store.list<AnyEvent>('events').items;
  };

  it('writes what kubectl describe shows', async () => {
    const pod = aPod({ name: 'web', namespace: 'shop' });
    recorder.record(pod, 'Normal', 'Pulled', 'Image is here', 'agent', 'node-1');
    const [event] = await events();
    assert.match(event?.metadata.name ?? '', /^web\.[0-9a-f]+$/);
    assert.equal(event?.metadata.namespace, 'shop');
    const { uid, resourceVersion } = pod.metadata;
    const about = { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'shop', uid, resourceVersion };
    assert.deepEqual(event?.involvedObject, about);
    const { type, reason, message, source, count, firstTimestamp, lastTimestamp, reportingComponent } = event ?? {};
    assert.deepEqual([type, reason, message, count], ['Normal', 'Pulled', 'Image is here', 1]);
    assert.deepEqual(source, { component: 'agent', host: 'node-1' });
    assert.deepEqual([firstTimestamp, lastTimestamp], ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z']);
    assert.equal(reportingComponent, 'agent');
  });

  it('makes none in a namespace that is being deleted, or is gone', async () => {
    const pod = aPod({ name: 'web', namespace: 'shop' });
    recorder.record(pod, 'Normal', 'Started', 'before', 'agent');
    await recorder.settled();
    await deleteObject(store, clock, 'namespaces', '', 'shop');
    recorder.record(pod, 'Normal', 'Killing', 'meanwhile', 'agent');
    await recorder.settled();
    await store.remove('namespaces', '', 'shop');
    recorder.record(pod, 'Normal', 'Killed', 'after', 'agent');
    assert.deepEqual(
      (await events()).map(({ reason }) => reason),
      ['Started'],
    );
  });

  it('lists what happened within one second in its order', async () => {
    const reasons = ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started'];
    for (const reason of reasons) recorder.record(aPod(), 'Normal', reason, '', 'c');
    assert.deepEqual(
      (await events()).map(({ reason }) => reason),
      reasons,
    );
  });

  it('counts repetitions in the first Event, written one by one or together', async () => {
    const pod = aPod();
    recorder.record(pod, 'Warning', 'BackOff', 'again', 'agent');
    await recorder.settled();
    await clock.advance(5_000);
    recorder.record(pod, 'Warning', 'BackOff', 'again', 'agent');
    recorder.record(pod, 'Warning', 'BackOff', 'again', 'agent');
    recorder.record(pod, 'Warning', 'BackOff', 'other words', 'agent');
    const found = (await events()).map(({ message, count, firstTimestamp, lastTimestamp }) =>
      [message, count, firstTimestamp?.slice(17, 19), lastTimestamp?.slice(17, 19)].join(' '),
    );
    assert.deepEqual(found.sort(), ['again 3 00 05', 'other words 1 05 05']);
  });

  it('puts events of cluster-scoped objects into default, and takes references', async () => {
    recorder.record(aNode(), 'Normal', 'NodeReady', 'ready', 'nodes');
    recorder.record({ kind: 'Pod', name: 'p', namespace: 'x', uid: '1' }, 'Normal', 'Made', 'made', 'replicaset');
    assert.deepEqual(
      (await events()).map(({ metadata }) => metadata.namespace),
      ['default', 'x'],
    );
  });

  it('starts a new Event when the first one was swept', async () => {
    const pod = aPod();
    recorder.record(pod, 'Normal', 'A', 'a', 'c');
    const [first] = await events();
    await store.remove('events', 'default', first?.metadata.name ?? '');
    recorder.record(pod, 'Normal', 'A', 'a', 'c');
    assert.deepEqual(
      (await events()).map(({ count }) => count),
      [1],
    );
  });

  it('cuts down an object that makes too many, and only that one', async () => {
    const noisy = aPod({ name: 'noisy' });
    for (let at = 0; at < 100; at += 1) recorder.record(noisy, 'Normal', 'Noise', `n${at}`, 'c');
    recorder.record(aPod({ name: 'quiet' }), 'Normal', 'Quiet', 'q', 'c');
    assert.equal((await events()).length, 26);
    await clock.advance(300_000);
    for (let at = 0; at < 5; at += 1) recorder.record(noisy, 'Normal', 'Noise', `later${at}`, 'c');
    assert.equal((await events()).length, 27);
  });

  it('never throws, whatever the store does', async () => {
    await state.close();
    recorder.record(aPod(), 'Normal', 'A', 'a', 'c');
    assert.deepEqual(await events(), []);
  });

  it('sweeps what nobody repeated for an hour, and the oldest above the limit', async () => {
    const pods = ['a', 'b', 'c', 'd'].map((name) => aPod({ name }));
    for (const pod of pods) {
      recorder.record(pod, 'Normal', 'A', 'a', 'c');
      await recorder.settled();
      await clock.advance(60_000);
    }
    const left = async (): Promise<(string | undefined)[]> =>
      (await events()).map(({ involvedObject }) => involvedObject.name);
    assert.equal(await sweepEvents({ store, clock }, { maxAgeMs: 3_600_000, maxEvents: 3 }), 1);
    assert.deepEqual(await left(), ['b', 'c', 'd']);
    const stop = new AbortController();
    const sweeping = keepEventsSwept({ store, clock, log: silentLogger }, stop.signal);
    await clock.advance(3_480_000);
    while ((await left()).includes('b')) await new Promise(setImmediate);
    assert.deepEqual(await left(), ['c', 'd']);
    stop.abort(new Error('stop'));
    await assert.rejects(sweeping, /stop/);
  });
});
