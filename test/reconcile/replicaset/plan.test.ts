import assert from 'node:assert/strict';
import fc from 'fast-check';
import { liveReplicas, planReplicas } from '../../../controller/reconcile/replicaset/plan.ts';
import type { Replica, Step } from '../../../controller/reconcile/replicaset/plan.ts';

const aReplica = (name: string, more: Partial<Replica> = {}): Replica => ({
  name,
  isAssigned: true,
  phase: 'Running',
  isReady: true,
  isAvailable: true,
  isTerminating: false,
  isFinished: false,
  isLost: false,
  neighbours: 1,
  deletionCost: 0,
  restarts: 0,
  readySince: 0,
  createdAt: 0,
  ...more,
});

const anyReplica = fc.record<Omit<Replica, 'name'>>({
  isAssigned: fc.boolean(),
  phase: fc.constantFrom('Pending', 'Running', 'Unknown'),
  isReady: fc.boolean(),
  isAvailable: fc.boolean(),
  isTerminating: fc.boolean(),
  isFinished: fc.boolean(),
  isLost: fc.boolean(),
  neighbours: fc.nat(5),
  deletionCost: fc.integer({ min: -5, max: 5 }),
  restarts: fc.nat(5),
  readySince: fc.nat(5),
  createdAt: fc.nat(5),
});
// A pod that is ready runs, on a node.
const plausible = (replica: Omit<Replica, 'name'>, place: number): Replica => {
  const isReady = replica.isReady && replica.isAssigned && replica.phase === 'Running';
  return { ...replica, name: `pod-${place}`, isReady, isAvailable: isReady && replica.isAvailable };
};
const anyReplicas = fc.array(anyReplica, { maxLength: 15 }).map((replicas) => replicas.map(plausible));

function apply(steps: readonly Step[], replicas: readonly Replica[]): Replica[] {
  let left = [...replicas];
  for (const step of steps) {
    if (step.do === 'delete') {
      left = left.map((replica) => (replica.name === step.name ? { ...replica, isTerminating: true } : replica));
    } else {
      const pending = { isAssigned: false, phase: 'Pending', isReady: false, isAvailable: false } as const;
      left.push(...Array.from({ length: step.count }, (_, place) => aReplica(`new-${place}`, pending)));
    }
  }
  return left;
}

const deleted = (steps: readonly Step[]): string[] => steps.flatMap((step) => (step.do === 'delete' ? step.name : []));
const countReady = (replicas: readonly Replica[]): number =>
  liveReplicas(replicas).filter((each) => each.isReady).length;

describe('planReplicas', () => {
  it('never takes ready pods below the wanted number', () => {
    fc.assert(
      fc.property(anyReplicas, fc.nat(12), (have, wanted) => {
        const left = countReady(apply(planReplicas(wanted, have), have));
        assert.ok(left >= Math.min(wanted, countReady(have)));
      }),
    );
  });

  it('never touches pods that are being deleted or have ended', () => {
    fc.assert(
      fc.property(anyReplicas, fc.nat(12), (have, wanted) => {
        const gone = new Set(have.filter((each) => each.isTerminating || each.isFinished).map(({ name }) => name));
        assert.deepEqual(
          deleted(planReplicas(wanted, have)).filter((name) => gone.has(name)),
          [],
        );
      }),
    );
  });

  it('leaves nothing to plan', () => {
    fc.assert(
      fc.property(anyReplicas, fc.nat(12), (have, wanted) => {
        const after = apply(planReplicas(wanted, have), have);
        assert.deepEqual(planReplicas(wanted, after), []);
        assert.equal(liveReplicas(after).length, wanted);
      }),
    );
  });

  it('deletes in the order unassigned, pending, unready, doubled-up, younger', () => {
    const pods = [
      aReplica('old', { createdAt: 1 }),
      aReplica('young', { createdAt: 9 }),
      aReplica('doubled', { neighbours: 2 }),
      aReplica('unready', { isReady: false, isAvailable: false }),
      aReplica('pending', { phase: 'Pending', isReady: false, isAvailable: false }),
      aReplica('unassigned', { isAssigned: false, phase: 'Pending', isReady: false, isAvailable: false }),
    ];
    const order = [5, 4, 3, 2, 1].map((wanted) => deleted(planReplicas(wanted, pods)).at(-1));
    assert.deepEqual(order, ['unassigned', 'pending', 'unready', 'doubled', 'young']);
  });

  it('replaces a lost pod and keeps it', () => {
    const pods = [aReplica('a'), aReplica('b', { isLost: true })];
    assert.deepEqual(planReplicas(2, pods), [{ do: 'create', count: 1 }]);
  });

  it('keeps the pods of a returned node and drops the replacement that is not ready yet', () => {
    const pods = [
      aReplica('a'),
      aReplica('b'),
      aReplica('b2', { phase: 'Pending', isReady: false, isAvailable: false, createdAt: 9 }),
    ];
    assert.deepEqual(planReplicas(2, pods), [{ do: 'delete', name: 'b2' }]);
  });

  it('deletes lost pods that are not wanted at all any more', () => {
    assert.deepEqual(planReplicas(0, [aReplica('a', { isLost: true })]), [{ do: 'delete', name: 'a' }]);
  });
});
