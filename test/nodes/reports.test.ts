import assert from 'node:assert/strict';
import type { PodReport, RegisterRequest, StatusReply } from '../../shared/bus/messages.ts';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { hasReason } from '../../shared/errors.ts';
import { findCondition } from '../../shared/objects/conditions.ts';
import type { Event, KubeObject, Node, Pod, PodStatus, Stored } from '../../shared/objects/types.ts';
import { until } from '../support/until.ts';
import { aNode, aPod } from '../objects.ts';
import { NodesBench } from './nodes-bench.ts';

describe('what nodes report', function () {
  this.timeout(20_000);
  let bench: NodesBench;
  let n1: NatsBus;
  let serial = 0;

  before(async () => {
    bench = await NodesBench.open();
    n1 = await bench.bus.node('n1');
  });
  after(async () => bench.close());

  async function bound(nodeName: string): Promise<Stored<Pod>> {
    serial += 1;
    return bench.store.create('pods', aPod({ name: `pod-${serial}`, nodeName }));
  }

  function reportOf(pod: Stored<Pod>, status: PodStatus, finished?: true): PodReport {
    const { namespace = '', name, uid } = pod.metadata;
    return { namespace, name, uid, status, ...(finished && { finished }) };
  }

  function send(...pods: PodReport[]): Promise<StatusReply> {
    return n1.request(subjects.upCall('n1', 'status'), { pods });
  }

  function stored(pod: Stored<Pod>): (KubeObject & Pod) | undefined {
    return bench.store.get('pods', pod.metadata.namespace ?? '', pod.metadata.name);
  }

  const running: PodStatus = {
    phase: 'Running',
    podIP: '10.90.0.2',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-02T00:00:00Z' }],
  };

  it('writes the status of its own pod, and nothing when nothing changed', async () => {
    const pod = await bound('n1');
    assert.deepEqual(await send(reportOf(pod, running)), { unknown: [] });
    const first = stored(pod);
    assert.equal(first?.status?.phase, 'Running');
    await send(reportOf(pod, { ...running, conditions: [{ type: 'Ready', status: 'True' }] }));
    assert.equal(stored(pod)?.metadata.resourceVersion, first?.metadata.resourceVersion);
  });

  it('keeps conditions of others and times of transition', async () => {
    const pod = await bound('n1');
    await bench.store.modify<KubeObject & Pod>('pods', 'default', pod.metadata.name, (current) => ({
      ...current,
      status: {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
          { type: 'example.com/gate', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
          { type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
          { type: 'ContainersReady', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
      },
    }));
    const forged = { type: 'PodScheduled', status: 'False' };
    await send(reportOf(pod, { ...running, conditions: [...(running.conditions ?? []), forged] }));
    const conditions = stored(pod)?.status?.conditions;
    assert.equal(findCondition(conditions, 'PodScheduled')?.status, 'True');
    assert.equal(findCondition(conditions, 'example.com/gate')?.status, 'True');
    assert.equal(findCondition(conditions, 'ContainersReady'), undefined);
    assert.equal(findCondition(conditions, 'Ready')?.lastTransitionTime, '2026-01-02T00:00:00Z');
  });

  it('does not let a pod come back from its end', async () => {
    const pod = await bound('n1');
    await send(reportOf(pod, { phase: 'Succeeded' }));
    await send(reportOf(pod, running));
    assert.equal(stored(pod)?.status?.phase, 'Succeeded');
  });

  it('refuses the status of a foreign pod, and does not call it unknown', async () => {
    const foreign = await bound('n2');
    const unbound = await bench.store.create('pods', aPod({ name: 'unbound' }));
    assert.deepEqual(await send(reportOf(foreign, running), reportOf(unbound, running)), { unknown: [] });
    assert.equal(stored(foreign)?.status?.phase, 'Pending');
    assert.equal(stored(unbound)?.status?.phase, 'Pending');
  });

  it('says which pods are gone, by uid', async () => {
    const gone = await bound('n1');
    await bench.store.remove('pods', 'default', gone.metadata.name);
    const next = await bench.store.create('pods', aPod({ name: gone.metadata.name, nodeName: 'n1' }));
    assert.deepEqual(await send(reportOf(gone, running), reportOf(next, running)), { unknown: [gone.metadata.uid] });
  });

  it('removes a deleted pod when the node is finished with it, with its last status', async () => {
    const pod = await bound('n1');
    await send(reportOf(pod, { phase: 'Failed' }, true));
    assert.ok(stored(pod), 'a pod that nobody deleted stays');
    const other = await bound('n1');
    await bench.store.modify<KubeObject & Pod>('pods', 'default', other.metadata.name, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        deletionTimestamp: '2026-01-01T00:00:30Z',
        deletionGracePeriodSeconds: 30,
      },
    }));
    await send(reportOf(other, { phase: 'Failed' }, true));
    assert.equal(stored(other), undefined);
  });

  it('leaves a pod with a finalizer to its owner', async () => {
    const pod = await bound('n1');
    await bench.store.modify<KubeObject & Pod>('pods', 'default', pod.metadata.name, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        finalizers: ['example.com/hold'],
        deletionTimestamp: '2026-01-01T00:00:30Z',
        deletionGracePeriodSeconds: 30,
      },
    }));
    await send(reportOf(pod, { phase: 'Failed' }, true));
    assert.equal(stored(pod)?.metadata.deletionGracePeriodSeconds, 0);
    await bench.store.modify('pods', 'default', pod.metadata.name, (current) => ({
      ...current,
      metadata: { ...current.metadata, finalizers: [] },
    }));
    assert.equal(stored(pod), undefined);
  });

  it('answers nonsense with BadRequest and goes on', async () => {
    const pod = await bound('n1');
    const good = reportOf(pod, running);
    const bad = [null, {}, { pods: {} }, { pods: [null] }, { pods: [{ ...good, status: { phase: 'Odd' } }] }];
    for (const body of [...bad, { pods: [{ ...good, name: '../x' }] }, { pods: [{ ...good, uid: 7 }] }]) {
      await assert.rejects(n1.request(subjects.upCall('n1', 'status'), body), (e) => hasReason(e, 'BadRequest'));
    }
    await send(good);
    assert.equal(stored(pod)?.status?.phase, 'Running');
  });

  function registration(name: string, extra: Partial<Node> = {}): RegisterRequest {
    const { spec, status } = aNode({ name });
    return {
      node: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: 'a' } }, spec, status, ...extra },
      routes: ['10.90.0.0/24'],
    };
  }

  it('hears heartbeats, and takes back Ready=Unknown when a silent node is heard', async () => {
    await n1.request(subjects.upCall('n1', 'register'), registration('n1'));
    await bench.store.modify<KubeObject & Node>('nodes', '', 'n1', (node) => ({
      ...node,
      status: { ...node.status, conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] },
    }));
    const heard: string[] = [];
    bench.nodes.liveness.onChange((node) => heard.push(node));
    n1.publishBytes(subjects.heartbeat('n1'), Buffer.from('{'));
    n1.publish(subjects.heartbeat('n1'), { epoch: 7 });
    n1.publish(subjects.heartbeat('n1'), { epoch: '', counter: 0, pods: 0 });
    const ready = (): string | undefined =>
      findCondition(bench.store.get<KubeObject & Node>('nodes', '', 'n1')?.status?.conditions, 'Ready')?.status;
    await until(() => ready() === 'True', 'it is ready again');
    assert.deepEqual(heard, ['n1']);
    assert.ok(bench.nodes.liveness.lastSeen('n1') !== undefined);
    assert.equal(bench.nodes.liveness.lastSeen('n2'), undefined);
  });

  it('takes events, logs and samples of own pods only', async () => {
    const own = await bound('n1');
    const foreign = await bound('n2');
    const event = (pod: Stored<Pod>, reason: string): unknown => ({
      involved: { kind: 'Pod', namespace: 'default', name: pod.metadata.name, uid: pod.metadata.uid },
      type: 'Normal',
      reason,
      message: 'x',
      at: 1,
    });
    await n1.request(subjects.upCall('n1', 'events'), { events: [event(foreign, 'Forged'), event(own, 'Started')] });
    const reasons = (): string[] => bench.store.list<KubeObject & Event>('events').items.map((e) => e.reason ?? '');
    await until(() => reasons().includes('Started'), 'the event');
    assert.ok(!reasons().includes('Forged'));

    const batch = (pod: Stored<Pod>): unknown => ({
      namespace: 'default',
      pod: pod.metadata.name,
      uid: pod.metadata.uid,
      container: 'main',
      first: 5,
      lines: [{ time: '2026-01-01T00:00:00.0Z', stream: 'stdout', attempt: 0, text: 'hello' }],
    });
    const reply = await n1.request(subjects.upCall('n1', 'logs'), { batches: [batch(foreign), batch(own)] });
    assert.deepEqual(reply, { next: [6, 6] });
    assert.deepEqual(
      bench.logs.flatMap(({ request }) => request.batches.map(({ uid }) => uid)),
      [own.metadata.uid],
    );

    const sample = (pod: Stored<Pod>): unknown => ({
      namespace: 'default',
      pod: pod.metadata.name,
      uid: pod.metadata.uid,
      receivedBytes: 1,
      sentBytes: 2,
    });
    const node = { cpuSeconds: 1, workingSetBytes: 1, filesystemUsedBytes: 1, filesystemSizeBytes: 1 };
    n1.publish(subjects.upCall('n1', 'samples'), { at: 1, containers: [], pods: [sample(own), sample(foreign)], node });
    await until(() => bench.samples.length === 1, 'the samples');
    assert.deepEqual(
      bench.samples[0]?.request.pods.map(({ uid }) => uid),
      [own.metadata.uid],
    );
  });
});
