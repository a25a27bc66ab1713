import assert from 'node:assert/strict';
import type { RegisterReply, RegisterRequest } from '../../shared/bus/messages.ts';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Event, KubeObject, Node } from '../../shared/objects/types.ts';
import { until } from '../support/until.ts';
import { aNode } from '../objects.ts';
import { NodesBench } from './nodes-bench.ts';

describe('nodes that register', function () {
  this.timeout(20_000);
  let bench: NodesBench;
  let n1: NatsBus;

  before(async () => {
    bench = await NodesBench.open();
    n1 = await bench.bus.node('n1');
  });
  after(async () => bench.close());

  function registration(name: string, extra: Partial<Node> = {}): RegisterRequest {
    const { spec, status } = aNode({ name });
    return {
      node: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: 'a' } }, spec, status, ...extra },
      routes: ['10.90.0.0/24'],
    };
  }

  it('registers a node, gives it a network for life, and keeps what users set', async () => {
    const request = registration('n1', { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } });
    const reply = await n1.request<RegisterReply>(subjects.upCall('n1', 'register'), request);
    assert.deepEqual(reply, { podCIDR: '10.90.1.0/24', clusterId: 'test' });
    await bench.store.modify<KubeObject & Node>('nodes', '', 'n1', (node) => ({
      ...node,
      metadata: { ...node.metadata, labels: { ...node.metadata.labels, user: 'set' } },
      spec: { ...node.spec, unschedulable: true, taints: [{ key: 'users', effect: 'NoExecute' }] },
    }));
    const again = { ...request, routes: ['10.90.1.0/24'] };
    assert.equal((await n1.request<RegisterReply>(subjects.upCall('n1', 'register'), again)).podCIDR, '10.90.1.0/24');
    const node = bench.store.get<KubeObject & Node>('nodes', '', 'n1');
    assert.deepEqual(node?.metadata.labels, { zone: 'a', user: 'set' });
    assert.equal(node?.spec?.unschedulable, true);
    assert.deepEqual(node?.spec?.taints, [{ key: 'users', effect: 'NoExecute' }]);
    for (const { lastHeartbeatTime } of node?.status?.conditions ?? []) assert.match(lastHeartbeatTime ?? 'none', /Z$/);
    const { resourceVersion } = node?.metadata ?? {};
    await n1.request(subjects.upCall('n1', 'register'), again);
    assert.equal(bench.store.get('nodes', '', 'n1')?.metadata.resourceVersion, resourceVersion);
  });

  const register = (node: Partial<Node>): Promise<RegisterReply> =>
    n1.request<RegisterReply>(subjects.upCall('n1', 'register'), registration('n1', node));
  const stored1 = (): KubeObject & Node => {
    const found = bench.store.get<KubeObject & Node>('nodes', '', 'n1');
    assert.ok(found);
    return found;
  };

  it('lets a node set no label but those of a kubelet, and leaves to users what they have set', async () => {
    const refused = [
      'node-role.kubernetes.io/control-plane',
      'node-restriction.kubernetes.io/pci',
      'kubernetes.io/team',
      'k8s.io/x',
      'sub.k8s.io/x',
    ];
    for (const label of refused) {
      const labels = { [label]: 'x' };
      await assert.rejects(register({ metadata: { name: 'n1', labels } }), (error) => hasReason(error, 'Forbidden'));
    }
    const own = { disk: 'ssd', rack: '7', 'node.kubernetes.io/instance-type': 'big', 'example.com/a': 'b' };
    const labelled = (labels: Record<string, string>) => register({ metadata: { name: 'n1', labels } });
    await labelled(own);
    const users = (change: (labels: Record<string, string>) => void): Promise<unknown> =>
      bench.store.modify<KubeObject & Node>('nodes', '', 'n1', (node) => {
        const labels = { ...node.metadata.labels };
        change(labels);
        return { ...node, metadata: { ...node.metadata, labels } };
      });
    await users((labels) => {
      labels['disk'] = 'nvme';
      delete labels['rack'];
      labels['team'] = 'a';
    });
    await labelled({ ...own, team: 'b', 'node.kubernetes.io/instance-type': 'small' });
    const expected = {
      disk: 'nvme',
      team: 'a',
      'node.kubernetes.io/instance-type': 'small',
      'example.com/a': 'b',
    };
    const { zone: _zone, user: _user, ...labels } = stored1().metadata.labels ?? {};
    assert.deepEqual(labels, expected);
    await labelled({ disk: 'ssd' });
    assert.deepEqual(
      [
        stored1().metadata.labels?.['disk'],
        stored1().metadata.labels?.['example.com/a'],
        stored1().metadata.labels?.['team'],
      ],
      ['nvme', undefined, 'a'],
    );
  });

  it('records a change of capacity, and retains resources that users have added', async () => {
    const { status } = registration('n1').node;
    await register({});
    await bench.store.modify<KubeObject & Node>('nodes', '', 'n1', (node) => ({
      ...node,
      status: { ...node.status, capacity: { ...node.status?.capacity, 'example.com/gpu': '2' } },
    }));
    const capacity = { ...status?.capacity, cpu: '400' };
    await register({ status: { ...status, capacity, allocatable: capacity } });
    assert.deepEqual(
      [stored1().status?.capacity?.['example.com/gpu'], stored1().status?.allocatable?.['example.com/gpu']],
      ['2', '2'],
    );
    const isTold = (): boolean =>
      bench.store
        .list<KubeObject & Event>('events')
        .items.some(
          ({ reason, message }) => reason === 'NodeCapacityChanged' && (message ?? '').endsWith('cpu from 4 to 400'),
        );
    await until(isTold, 'the event');
  });

  it('gives no two nodes one network', async () => {
    const buses = await Promise.all(['a', 'b', 'c'].map(async (name) => [name, await bench.bus.node(name)] as const));
    const replies = await Promise.all(
      buses.map(([name, bus]) => bus.request<RegisterReply>(subjects.upCall(name, 'register'), registration(name))),
    );
    assert.equal(new Set(replies.map(({ podCIDR }) => podCIDR)).size, 3);
  });

  it('refuses to register under another name', async () => {
    await assert.rejects(n1.request(subjects.upCall('n1', 'register'), registration('n9')), (e) =>
      hasReason(e, 'Forbidden'),
    );
  });
});
