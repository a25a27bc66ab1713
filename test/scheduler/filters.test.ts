import assert from 'node:assert/strict';
import { findMisses } from '../../controller/scheduler/filters.ts';
import { claimOf, NodeInfo } from '../../controller/scheduler/node-info.ts';
import type { PodObject } from '../../controller/scheduler/node-info.ts';
import type { Node, PodSpec, Stored } from '../../shared/objects/types.ts';
import { aNode, aPod } from '../objects.ts';

const podWith = (spec: Partial<PodSpec>): PodObject => {
  const pod = aPod();
  return { ...pod, spec: { containers: [], ...pod.spec, ...spec } } as PodObject;
};
const asking = (cpu: string, memory = '0'): Partial<PodSpec> => ({
  containers: [{ name: 'main', resources: { requests: { cpu, memory } } }],
});
const nodeWith = (change: (node: Stored<Node>) => void): NodeInfo => {
  const node = aNode({ labels: { zone: 'a', cores: '8' } });
  change(node);
  return new NodeInfo(node as ConstructorParameters<typeof NodeInfo>[0]);
};
const reasons = (pod: PodObject, info: NodeInfo): string[] =>
  findMisses({ pod, claim: claimOf(pod) }, info).map(({ reason }) => reason);
const plain = (): NodeInfo => nodeWith(() => undefined);

describe('scheduling filters', () => {
  it('take a plain pod on a plain node', () => {
    assert.deepEqual(reasons(podWith({}), plain()), []);
  });

  it('refuse what does not fit, for every resource that is short', () => {
    assert.deepEqual(reasons(podWith(asking('5', '9Gi')), plain()), ['Insufficient cpu', 'Insufficient memory']);
    const [miss] = findMisses({ pod: podWith(asking('4200m')), claim: claimOf(podWith(asking('4200m'))) }, plain());
    assert.deepEqual(miss?.lacks, { resource: 'cpu', amount: 200, asked: 4_200 });
  });

  it('count what is asked of the disk', () => {
    const info = nodeWith(({ status }) => Object.assign(status?.allocatable ?? {}, { 'ephemeral-storage': '1Gi' }));
    const asksFor = (size: string): PodObject =>
      podWith({ containers: [{ name: 'main', resources: { limits: { 'ephemeral-storage': size } } }] });
    info.add({ ...claimOf(asksFor('600Mi')), uid: 'other' });
    assert.deepEqual(reasons(asksFor('400Mi'), info), []);
    assert.deepEqual(reasons(asksFor('500Mi'), info), ['Insufficient ephemeral-storage']);
  });

  it('keep a pod off every node while none can mount its volumes', () => {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    const wanted = 'node(s) cannot mount volumes of type persistentVolumeClaim';
    assert.deepEqual(reasons(podWith({ volumes }), plain()), [wanted]);
  });

  it('count what other pods have asked for', () => {
    const info = plain();
    info.add({ ...claimOf(podWith(asking('3'))), uid: 'other' });
    assert.deepEqual(reasons(podWith(asking('1')), info), []);
    assert.deepEqual(reasons(podWith(asking('1001m')), info), ['Insufficient cpu']);
    info.remove('other');
    assert.deepEqual(reasons(podWith(asking('4')), info), []);
  });

  it('refuse more pods than a node takes', () => {
    const info = nodeWith(({ status }) => Object.assign(status?.allocatable ?? {}, { pods: '1' }));
    info.add({ ...claimOf(podWith({})), uid: 'other' });
    assert.deepEqual(reasons(podWith({}), info), ['Too many pods']);
  });

  it('keep pods off cordoned, tainted and unready nodes unless they tolerate that', () => {
    const cordoned = nodeWith(({ spec }) => Object.assign(spec ?? {}, { unschedulable: true }));
    assert.deepEqual(reasons(podWith({}), cordoned), ['node(s) were unschedulable']);
    const tainted = nodeWith(({ spec }) =>
      Object.assign(spec ?? {}, { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }),
    );
    assert.deepEqual(reasons(podWith({}), tainted), ['node(s) had untolerated taint {gpu: yes}']);
    assert.deepEqual(reasons(podWith({ tolerations: [{ key: 'gpu', operator: 'Exists' }] }), tainted), []);
    const unready = nodeWith((node) => Object.assign(node, { status: { ...node.status, conditions: [] } }));
    assert.deepEqual(reasons(podWith({}), unready), ['node(s) were not ready']);
    assert.deepEqual(reasons(podWith({ tolerations: [{ operator: 'Exists' }] }), unready), []);
  });

  it('let a taint that only prefers pass', () => {
    const taints = [{ key: 'old', effect: 'PreferNoSchedule' }];
    assert.deepEqual(
      reasons(
        podWith({}),
        nodeWith(({ spec }) => Object.assign(spec ?? {}, { taints })),
      ),
      [],
    );
  });

  it('follow node selectors and required node affinity', () => {
    const wrong = ["node(s) didn't match Pod's node affinity/selector"];
    const requiring = (key: string, operator: string, values?: string[]): PodObject =>
      podWith({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
            },
          },
        },
      });
    assert.deepEqual(reasons(podWith({ nodeSelector: { zone: 'a' } }), plain()), []);
    assert.deepEqual(reasons(podWith({ nodeSelector: { zone: 'b' } }), plain()), wrong);
    assert.deepEqual(reasons(requiring('zone', 'In', ['a', 'b']), plain()), []);
    assert.deepEqual(reasons(requiring('zone', 'NotIn', ['a']), plain()), wrong);
    assert.deepEqual(reasons(requiring('cores', 'Gt', ['4']), plain()), []);
    assert.deepEqual(reasons(requiring('disk', 'Exists'), plain()), wrong);
  });

  it('give a host port to one pod only, on an address', () => {
    const onPort = (hostIP?: string, protocol = 'TCP'): PodObject =>
      podWith({ containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8080, hostIP, protocol }] }] });
    const info = plain();
    info.add({ ...claimOf(onPort('127.0.0.1')), uid: 'other' });
    assert.deepEqual(reasons(onPort(), info), ["node(s) didn't have free ports for the requested pod ports"]);
    assert.deepEqual(reasons(onPort('10.0.0.1'), info), []);
    assert.deepEqual(reasons(onPort(undefined, 'UDP'), info), []);
  });
});
