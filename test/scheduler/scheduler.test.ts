import assert from 'node:assert/strict';
import { bindPod } from '../../controller/scheduler/binding.ts';
import { Scheduler } from '../../controller/scheduler/scheduler.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { amountsOf, podRequests } from '../../shared/objects/pod-requests.ts';
import { silentLogger } from '../../shared/log.ts';
import type { Event, KubeObject, Node, Pod } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { until } from '../support/until.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aNode } from '../objects.ts';

type PodObject = KubeObject & Pod;

describe('Scheduler', () => {
  let state: StateStore;
  let store: Store;
  let scope: Scope;
  const clock = new ManualClock();
  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
    scope = new Scope('test');
  });
  afterEach(async () => {
    await scope.close();
    await state.close();
  });

  const start = (): void => {
    const events = new EventRecorder({ store, clock, log: silentLogger });
    new Scheduler({ store, clock, log: silentLogger, events, random: Math.random }).run(scope);
  };
  const addNode = (name: string, cpu = '4'): Promise<KubeObject & Node> => {
    const node = aNode({ name, cpu });
    return store.create('nodes', { ...node, metadata: { name, labels: node.metadata.labels } } as KubeObject & Node);
  };
  const addPod = (name: string, cpu = '100m'): Promise<PodObject> => {
    const containers = [{ name: 'main', image: 'hello:1', resources: { requests: { cpu } } }];
    const metadata = { name, namespace: 'default' };
    return store.create<PodObject>('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
  };
  const get = (name: string): PodObject | undefined => store.get<PodObject>('pods', 'default', name);
  const scheduled = (name: string) => get(name)?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const messages = (reason: string): (string | undefined)[] =>
    store
      .list<KubeObject & Event>('events')
      .items.filter((event) => event.reason === reason)
      .map(({ message }) => message);

  it('binds a pod and says so', async () => {
    start();
    await addNode('node-1');
    await addPod('web');
    await until(() => messages('Scheduled').length > 0);
    assert.equal(get('web')?.spec?.nodeName, 'node-1');
    assert.equal(scheduled('web')?.status, 'True');
    assert.deepEqual(messages('Scheduled'), ['Successfully assigned default/web to node-1']);
  });

  for (const [what, hostile] of Object.entries({
    'conditions are no list': { status: { conditions: 1e300 } },
    'taints are no list': { spec: { taints: {} } },
    'taints hold nothing': { spec: { taints: [null] } },
  })) {
    it(`binds to the other nodes while one cannot be read: its ${what}`, async () => {
      start();
      const metadata = { name: 'hostile' };
      await store.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata, ...hostile } as unknown as KubeObject);
      await addNode('node-1');
      await addPod('web');
      await until(() => get('web')?.spec?.nodeName === 'node-1');
    });
  }

  it('explains once why nothing fits, and binds as soon as there is room', async () => {
    start();
    await addNode('node-1', '1');
    await addPod('first', '900m');
    await until(() => get('first')?.spec?.nodeName === 'node-1');
    await addPod('second', '300m');
    await until(() => messages('FailedScheduling').length > 0);
    const message = '0/1 nodes are available: 1 Insufficient cpu. closest: node-1 lacks 200m cpu.';
    assert.deepEqual(messages('FailedScheduling'), [message]);
    assert.equal(scheduled('second')?.reason, 'Unschedulable');
    assert.equal(scheduled('second')?.message, message);
    await store.remove('pods', 'default', 'first');
    await clock.advance(1_000);
    await until(() => get('second')?.spec?.nodeName === 'node-1');
    assert.equal(scheduled('second')?.status, 'True');
    assert.equal(scheduled('second')?.reason, undefined);
  });

  it('binds what waits when a node comes, or is uncordoned', async () => {
    start();
    await addPod('web');
    await until(() => scheduled('web')?.status === 'False');
    assert.equal(scheduled('web')?.message, 'no nodes available to schedule pods');
    await store.create('nodes', {
      ...aNode({ name: 'node-1' }),
      metadata: { name: 'node-1' },
      spec: { unschedulable: true },
    } as KubeObject & Node);
    await clock.advance(1_000);
    await until(() => scheduled('web')?.message?.includes('unschedulable') === true);
    await store.modify<KubeObject & Node>('nodes', '', 'node-1', (node) => ({ ...node, spec: {} }));
    await clock.advance(1_000);
    await until(() => get('web')?.spec?.nodeName === 'node-1');
  });

  it('leaves pods alone that are bound, being deleted, ended, or for another scheduler', async () => {
    await addNode('node-1');
    const base = { apiVersion: 'v1', kind: 'Pod' };
    const containers = [{ name: 'main' }];
    const aPodNamed = (name: string, more: object, spec: object = {}): PodObject =>
      ({ ...base, metadata: { name, namespace: 'default' }, spec: { containers, ...spec }, ...more }) as PodObject;
    await store.create('pods', aPodNamed('bound', {}, { nodeName: 'elsewhere' }));
    await store.create('pods', aPodNamed('ended', { status: { phase: 'Failed' } }));
    await store.create('pods', aPodNamed('foreign', {}, { schedulerName: 'mine' }));
    start();
    await addPod('web');
    await until(() => get('web')?.spec?.nodeName === 'node-1');
    assert.equal(get('bound')?.spec?.nodeName, 'elsewhere');
    assert.equal(get('ended')?.spec?.nodeName, undefined);
    assert.equal(get('foreign')?.spec?.nodeName, undefined);
  });

  it('binds every pod once and overbooks no node', async () => {
    const bound = new Map<string, string>();
    const watching = scope.child('watching');
    const twice: string[] = [];
    watching.spawn(
      async (signal) => {
        for await (const { object } of store.watch({ resource: 'pods', from: 0, signal, maxBuffered: 10_000 })) {
          const { metadata, spec } = object as PodObject;
          if (spec?.nodeName === undefined) continue;
          if ((bound.get(metadata.uid ?? '') ?? spec.nodeName) !== spec.nodeName) twice.push(metadata.name);
          bound.set(metadata.uid ?? '', spec.nodeName);
        }
      },
      (error) => assert.fail(String(error)),
    );
    for (let node = 0; node < 5; node += 1) await addNode(`node-${node}`);
    start();
    await Promise.all(Array.from({ length: 300 }, (_, place) => addPod(`pod-${place}`, '250m')));
    await until(() => bound.size === 80, undefined, { withinMs: 20_000 });
    await store.remove(
      'pods',
      'default',
      [...store.list<PodObject>('pods').items].find(({ spec }) => spec?.nodeName)?.metadata.name ?? '',
    );
    await clock.advance(20_000);
    await until(() => bound.size === 81, undefined, { withinMs: 20_000 });
    assert.deepEqual(twice, []);
    const used = new Map<string, number>();
    for (const { spec } of store.list<PodObject>('pods').items) {
      if (spec?.nodeName) used.set(spec.nodeName, (used.get(spec.nodeName) ?? 0) + (podRequests(spec)['cpu'] ?? 0));
    }
    const most = amountsOf({ cpu: '4' })['cpu'] ?? 0;
    assert.ok([...used.values()].every((cpu) => cpu <= most));
  });

  it('leaves a pod where another scheduler bound it first', async () => {
    const pod = await addPod('web');
    const [first, second] = await Promise.all([
      bindPod({ store, clock }, pod, 'node-1'),
      bindPod({ store, clock }, pod, 'node-2'),
    ]);
    assert.equal(first?.spec?.nodeName, 'node-1');
    assert.equal(second?.spec?.nodeName, 'node-1');
  });
});
