import assert from 'node:assert/strict';
import { humanDuration } from '../../../shared/age.ts';
import { toTable } from '../../../controller/api/tables/table.ts';
import type { TableOptions } from '../../../controller/api/tables/table.ts';
import { findResource, resourceName, resources } from '../../../shared/objects/resources.ts';
import type { ResourceInfo, ResourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { aNode, aPod } from '../../objects.ts';

const options: TableOptions = {
  now: Date.parse('2026-01-01T02:00:00Z'),
  includeObject: 'Metadata',
  listMeta: { resourceVersion: '7' },
};
const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' };
const infoOf = (name: ResourceName): ResourceInfo => findResource(name) as ResourceInfo;

/** Cells by their column, wide ones included. */
function show(resource: ResourceName, object: object): Record<string, unknown> {
  const { columnDefinitions, rows } = toTable(infoOf(resource), [{ metadata, ...object } as KubeObject], options);
  return Object.fromEntries(columnDefinitions.map(({ name }, at) => [name, rows[0]?.cells[at]]));
}

describe('table', () => {
  it('carries metadata, whole objects, or nothing with its rows', () => {
    const pod = aPod();
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata };
    const of = (includeObject: TableOptions['includeObject']): unknown =>
      toTable(infoOf('pods'), [pod], { ...options, includeObject }).rows[0]?.object;
    assert.deepEqual([of('Metadata'), of('Object'), of('None')], [partial, pod, undefined]);
  });

  it('is a Table of the list, with wide columns marked', () => {
    const table = toTable(infoOf('pods'), [], options);
    assert.deepEqual(
      [table.kind, table.apiVersion, table.metadata, table.rows],
      ['Table', 'meta.k8s.io/v1', { resourceVersion: '7' }, []],
    );
    const wide = table.columnDefinitions.filter(({ priority }) => priority > 0).map(({ name }) => name);
    assert.deepEqual(wide, ['IP', 'Node', 'Nominated Node', 'Readiness Gates']);
    const [name] = table.columnDefinitions;
    assert.deepEqual([name?.name, name?.type, name?.format], ['Name', 'string', 'name']);
  });

  it('shows pods', () => {
    const gates = { conditions: [{ type: 'x/y', status: 'True' }], podIP: '10.0.0.1' };
    const spec = { containers: [], nodeName: 'n', readinessGates: [{ conditionType: 'x/y' }, { conditionType: 'z' }] };
    assert.deepEqual(show('pods', { spec, status: { phase: 'Running', ...gates } }), {
      Name: 'x',
      Ready: '0/0',
      Status: 'Running',
      Restarts: '0',
      Age: '120m',
      IP: '10.0.0.1',
      Node: 'n',
      'Nominated Node': '<none>',
      'Readiness Gates': '1/2',
    });
  });

  it('shows nodes', () => {
    const node = aNode({
      labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
    });
    const nodeInfo = {
      kubeletVersion: 'v1',
      osImage: 'Debian',
      kernelVersion: '6',
      containerRuntimeVersion: 'oci://1',
    };
    const status = { ...node.status, nodeInfo, addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] };
    assert.deepEqual(show('nodes', { ...node, spec: { unschedulable: true }, status }), {
      Name: 'node-1',
      Status: 'Ready,SchedulingDisabled',
      Roles: 'control-plane,worker',
      Age: '120m',
      Version: 'v1',
      'Internal-IP': '10.0.0.9',
      'External-IP': '<none>',
      'OS-Image': 'Debian',
      'Kernel-Version': '6',
      'Container-Runtime': 'oci://1',
    });
    const lost = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
    assert.equal(show('nodes', { status: lost })['Status'], 'NotReady');
    assert.deepEqual([show('nodes', {})['Status'], show('nodes', {})['Roles']], ['Unknown', '<none>']);
  });

  it('shows deployments and replica sets', () => {
    const template = {
      spec: {
        containers: [
          { name: 'a', image: 'i:1' },
          { name: 'b', image: 'j:1' },
        ],
      },
    };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'x' } }, template };
    const wide = { Containers: 'a,b', Images: 'i:1,j:1', Selector: 'app=x' };
    const deployed = { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 };
    assert.deepEqual(show('deployments.apps', { spec, status: deployed }), {
      Name: 'x',
      Ready: '1/3',
      'Up-to-date': 2,
      Available: 1,
      Age: '120m',
      ...wide,
    });
    assert.deepEqual(show('replicasets.apps', { spec, status: { replicas: 2, readyReplicas: 1 } }), {
      Name: 'x',
      Desired: 3,
      Current: 2,
      Ready: 1,
      Age: '120m',
      ...wide,
    });
  });

  it('shows events', () => {
    const event = {
      involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{main}' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'again\n',
      count: 4,
      source: { component: 'agent', host: 'n' },
      firstTimestamp: '2026-01-01T01:00:00Z',
      lastTimestamp: '2026-01-01T01:59:30Z',
    };
    assert.deepEqual(show('events', event), {
      'Last Seen': '30s',
      Type: 'Warning',
      Reason: 'BackOff',
      Object: 'pod/web',
      Subobject: 'spec.containers{main}',
      Source: 'agent, n',
      Message: 'again',
      'First Seen': '60m',
      Count: 4,
      Name: 'x',
    });
    const bare = { involvedObject: {}, eventTime: '2026-01-01T01:59:00.000000Z', reportingComponent: 'c' };
    const { 'Last Seen': last, Count, Source } = show('events', bare);
    assert.deepEqual([last, Count, Source], ['60s', 1, 'c']);
  });

  it('shows the small kinds', () => {
    assert.equal(show('namespaces', { status: { phase: 'Active' } })['Status'], 'Active');
    assert.equal(show('configmaps', { data: { a: '1' }, binaryData: { b: 'eA==' } })['Data'], 2);
    const { Type, Data } = show('secrets', { type: 'Opaque', data: { a: '' } });
    assert.deepEqual([Type, Data], ['Opaque', 1]);
    assert.equal(show('serviceaccounts', {})['Secrets'], 0);
    assert.equal(show('leases.coordination.k8s.io', { spec: { holderIdentity: 'h' } })['Holder'], 'h');
  });

  it('shows name and age of any other kind', () => {
    const info: ResourceInfo = { ...infoOf('pods'), group: 'example.com', kind: 'Thing', plural: 'things' };
    const table = toTable(info, [{ apiVersion: 'example.com/v1', kind: 'Thing', metadata }], options);
    assert.deepEqual(
      table.columnDefinitions.map(({ name }) => name),
      ['Name', 'Age'],
    );
    assert.deepEqual(table.rows[0]?.cells, ['x', '120m']);
  });

  it('shows a broken object of every kind without hiding the others', () => {
    const broken = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x' },
      spec: 7,
      status: { conditions: 1 },
      data: 3,
    };
    for (const info of resources) {
      const { rows } = toTable(
        info,
        [broken as unknown as KubeObject, { ...broken, ...aPod() } as KubeObject],
        options,
      );
      assert.equal(rows.length, 2, resourceName(info));
    }
  });
});

describe('human duration', () => {
  const s = 1_000;
  const m = 60 * s;
  const h = 60 * m;
  const d = 24 * h;
  const cases: [number, string][] = [
    [-5 * s, '<invalid>'],
    [-1 * s, '0s'],
    [0, '0s'],
    [119.9 * s, '119s'],
    [120 * s, '2m'],
    [5 * m + 3 * s, '5m3s'],
    [10 * m + 59 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [7 * h + 59 * m, '7h59m'],
    [8 * h + 59 * m, '8h'],
    [47 * h, '47h'],
    [2 * d, '2d'],
    [7 * d + 23 * h, '7d23h'],
    [8 * d + 23 * h, '8d'],
    [729 * d, '729d'],
    [730 * d, '2y'],
    [7 * 365 * d + 3 * d, '7y3d'],
    [9 * 365 * d, '9y'],
  ];
  for (const [ms, expected] of cases) it(`${ms} ms: ${expected}`, () => assert.equal(humanDuration(ms), expected));
});
