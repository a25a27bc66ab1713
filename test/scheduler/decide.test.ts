import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../controller/scheduler/decide.ts';
import { explainMisses } from '../../controller/scheduler/explain.ts';
import { claimOf } from '../../controller/scheduler/node-info.ts';
import type { NodeObject, PodObject } from '../../controller/scheduler/node-info.ts';
import { Snapshot } from '../../controller/scheduler/snapshot.ts';
import { aNode, aPod } from '../objects.ts';

const node = (name: string, cpu = '4', more: Partial<NodeObject> = {}): NodeObject =>
  ({ ...aNode({ name, cpu }), ...more }) as NodeObject;

function pod(name: string, cpu = '100m', owner?: string): PodObject {
  const made = aPod({ name });
  const ownerReferences = owner
    ? [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }]
    : undefined;
  return {
    ...made,
    metadata: { ...made.metadata, ownerReferences },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
  } as PodObject;
}

function snapshotOf(...nodes: NodeObject[]): Snapshot {
  const snapshot = new Snapshot();
  nodes.forEach((each) => snapshot.putNode(each));
  return snapshot;
}

/** Decides and takes the room. */
function place(snapshot: Snapshot, each: PodObject, random = () => 0): string | undefined {
  const claim = claimOf(each);
  const decision = decide({ pod: each, claim }, snapshot.nodes(), random);
  if (decision.node !== undefined) snapshot.assume(claim, decision.node);
  return decision.node;
}

describe('decide', () => {
  it('spreads the pods of one owner over the nodes', () => {
    const snapshot = snapshotOf(node('a'), node('b'), node('c'));
    const chosen = ['1', '2', '3'].map((name) => place(snapshot, pod(name, '100m', 'web')) ?? '');
    assert.deepEqual(chosen.sort(), ['a', 'b', 'c']);
  });

  it('prefers the node with more room', () => {
    const snapshot = snapshotOf(node('full'), node('empty'));
    snapshot.assume(claimOf(pod('big', '3')), 'full');
    assert.equal(place(snapshot, pod('small')), 'empty');
  });

  it('lets chance decide between equal nodes', () => {
    const nodes = [node('a'), node('b')];
    assert.equal(
      place(snapshotOf(...nodes), pod('1'), () => 0),
      'a',
    );
    assert.equal(
      place(snapshotOf(...nodes), pod('1'), () => 0.99),
      'b',
    );
  });

  it('never gives away more than a node has, whatever comes and goes', () => {
    const anyMove = fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 2_000 }), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(anyMove, { maxLength: 120 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999 })),
        (moves, chance) => {
          const snapshot = snapshotOf(node('a', '2'), node('b', '1500m'), node('c', '500m'));
          const placed = new Map<number, PodObject>();
          for (const [slot, milli, comes] of moves) {
            const there = placed.get(slot);
            if (there !== undefined) snapshot.removePod(there.metadata.uid ?? '');
            placed.delete(slot);
            if (!comes) continue;
            const coming = pod(`pod-${slot}`, `${milli}m`);
            if (place(snapshot, coming, () => chance.next().value ?? 0) !== undefined) placed.set(slot, coming);
          }
          for (const info of snapshot.nodes()) assert.ok(info.free('cpu') >= 0);
        },
      ),
    );
  });

  it('says for each node why not, and which comes closest', () => {
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }];
    const snapshot = snapshotOf(node('a', '500m'), node('b', '800m'), node('c', '4', { spec: { taints } }));
    const decision = decide({ pod: pod('1', '1'), claim: claimOf(pod('1', '1')) }, snapshot.nodes(), () => 0);
    assert.ok(decision.node === undefined);
    assert.equal(
      explainMisses(decision.misses),
      '0/3 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 2 Insufficient cpu. closest: b lacks 200m cpu.',
    );
  });

  it('places pods whatever another node holds in any field', () => {
    const values = [null, {}, [], [null], '', '1e300', 1e300, -1, Number.NaN];
    const fields = [
      (value: unknown) => ({ status: value }),
      (value: unknown) => ({ status: { ...node('hostile').status, conditions: value } }),
      (value: unknown) => ({ status: { ...node('hostile').status, allocatable: value } }),
      (value: unknown) => ({ status: { ...node('hostile').status, allocatable: { cpu: value, pods: value } } }),
      (value: unknown) => ({ spec: value }),
      (value: unknown) => ({ spec: { taints: value } }),
      (value: unknown) => ({ metadata: { name: 'hostile', labels: value } }),
    ];
    for (const [at, field] of fields.entries()) {
      for (const value of values) {
        const snapshot = snapshotOf(node('good'));
        try {
          snapshot.putNode({ ...node('hostile'), ...field(value) } as NodeObject);
        } catch {
          // Its follower passes such a node over.
        }
        assert.ok(place(snapshot, pod('1')), `field ${at}, ${JSON.stringify(value)}`);
      }
    }
  });

  it('forgets nothing that is taken beside a pod that asks for an absurd amount', () => {
    const snapshot = snapshotOf(node('a', '4'));
    snapshot.assume(claimOf(pod('here', '3')), 'a');
    const absurd = claimOf(pod('absurd', '1e300'));
    snapshot.assume(absurd, 'a');
    assert.equal(place(snapshot, pod('while it is there', '1m')), undefined);
    snapshot.removePod(absurd.uid);
    assert.equal(place(snapshot, pod('too large', '2')), undefined);
    assert.equal(place(snapshot, pod('fits', '1')), 'a');
  });

  it('says so when there is no node', () => {
    assert.equal(explainMisses([]), 'no nodes available to schedule pods');
  });

  it('remembers pods of a node that is shown later or again', () => {
    const snapshot = new Snapshot();
    const bound = { ...pod('1', '3'), spec: { ...pod('1', '3').spec, nodeName: 'a' } } as PodObject;
    snapshot.putPod(bound);
    snapshot.putNode(node('a'));
    assert.equal(snapshot.nodes()[0]?.free('cpu'), 1_000);
    snapshot.removeNode('a');
    snapshot.putNode(node('a'));
    assert.equal(snapshot.nodes()[0]?.free('cpu'), 1_000);
    snapshot.putPod({ ...bound, status: { phase: 'Succeeded' } } as PodObject);
    assert.equal(snapshot.nodes()[0]?.free('cpu'), 4_000);
  });
});
