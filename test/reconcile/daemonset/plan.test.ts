import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  countDaemons,
  type DaemonNode,
  type DaemonPlan,
  type DaemonPod,
  type DaemonView,
  planDaemons,
} from '../../../controller/reconcile/daemonset/plan.ts';

const pods = fc
  .record({
    phase: fc.constantFrom<DaemonPod['phase']>('active', 'active', 'active', 'failed', 'succeeded'),
    isCurrent: fc.boolean(),
    isTerminating: fc.boolean(),
    isReady: fc.boolean(),
    isAvailable: fc.boolean(),
    createdAt: fc.nat(9),
  })
  .map((pod) => {
    const isReady = pod.isReady && pod.phase === 'active';
    return { ...pod, isReady, isAvailable: isReady && pod.isAvailable };
  });

const nodes = fc
  .array(
    fc.record({
      shouldRun: fc.boolean(),
      mayContinue: fc.boolean(),
      isLost: fc.boolean(),
      pods: fc.array(pods, { maxLength: 3 }),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all.map((node, at): DaemonNode => {
      const named = node.pods.map((pod, place) => ({ ...pod, name: `pod-${at}-${place}` }));
      return { ...node, name: `node-${at}`, mayContinue: node.mayContinue || node.shouldRun, pods: named };
    }),
  );

const budgets = fc.oneof(
  fc.record({ maxUnavailable: fc.nat(4), maxSurge: fc.constant(0) }),
  fc.record({ maxUnavailable: fc.constant(0), maxSurge: fc.integer({ min: 1, max: 4 }) }),
);

const views = fc.record({ nodes, budget: budgets }).map(({ nodes: all, budget }): DaemonView => {
  return { nodes: all, ...budget, now: 1_000_000 };
});

const isLive = ({ phase, isTerminating }: DaemonPod): boolean => phase === 'active' && !isTerminating;
const serves = (node: DaemonNode): boolean => node.pods.some((pod) => isLive(pod) && pod.isAvailable);

/** Deleted pods are gone, all others available, and whoever was leaving has left. */
function apply(view: DaemonView, plan: DaemonPlan, round: number): DaemonView {
  const gone = new Set(plan.delete);
  return {
    ...view,
    nodes: view.nodes.map((node) => {
      const left = node.pods
        .filter(({ name, isTerminating }) => !gone.has(name) && !isTerminating)
        .map((pod) => (isLive(pod) ? { ...pod, isReady: true, isAvailable: true } : pod));
      const made = plan.create
        .filter((name) => name === node.name)
        .map((_, at): DaemonPod => {
          const state = { isCurrent: true, isTerminating: false, isReady: true, isAvailable: true } as const;
          return { name: `new-${node.name}-${round}-${at}`, phase: 'active', ...state, createdAt: 100 + round };
        });
      return { ...node, pods: [...left, ...made] };
    }),
  };
}

describe('planDaemons', () => {
  it('never makes a second pod on a node, but a new one beside an old one that serves while it surges', () => {
    fc.assert(
      fc.property(views, (view) => {
        const { create } = planDaemons(view);
        assert.equal(new Set(create).size, create.length);
        for (const name of create) {
          const node = view.nodes.find((each) => each.name === name);
          assert.ok(node?.shouldRun && !node.isLost);
          if (view.maxSurge === 0) assert.deepEqual(node.pods, []);
          else assert.ok(node.pods.length <= 1 && node.pods.every((pod) => isLive(pod) && !pod.isCurrent));
        }
        const doubled = create.filter((name) => view.nodes.some((each) => each.name === name && each.pods.length > 0));
        const surging = view.nodes.filter((each) => each.pods.length > 1).length;
        assert.ok(doubled.length === 0 || doubled.length + surging <= view.maxSurge);
      }),
    );
  });

  it('takes no more nodes out of service than the budget allows', () => {
    fc.assert(
      fc.property(views, (view) => {
        const gone = new Set(planDaemons(view).delete);
        const wanted = view.nodes.filter(({ shouldRun, pods: all }) => shouldRun && all.filter(isLive).length <= 1);
        const after = wanted.filter(
          (node) => !serves({ ...node, pods: node.pods.filter(({ name }) => !gone.has(name)) }),
        );
        const taken = after.filter(serves).length;
        const unavailable = view.nodes.filter((node) => node.shouldRun && !serves(node)).length;
        assert.ok(taken === 0 || taken + unavailable <= view.maxUnavailable);
      }),
    );
  });

  it('removes all from nodes that may have none, and leaves nothing to do when it is carried out', () => {
    fc.assert(
      fc.property(views, (start) => {
        let view = start;
        for (let round = 0; round < 40; round += 1) view = apply(view, planDaemons(view), round);
        const { create, delete: removed } = planDaemons(view);
        assert.deepEqual([create, removed], [[], []]);
        const isRolling = view.maxSurge + view.maxUnavailable > 0;
        // Nodes that nobody hears and that have no pod stand against the budget.
        const isStuck = view.nodes.some((node) => node.shouldRun && node.isLost);
        for (const { shouldRun, mayContinue, isLost, pods: left } of view.nodes) {
          if (!mayContinue) assert.deepEqual(left, []);
          if (!shouldRun || isLost) continue;
          assert.equal(left.length, 1);
          if (isRolling && !isStuck) assert.ok(left[0]?.isCurrent);
        }
      }),
    );
  });

  it('keeps the older of two, and leaves a failed pod the longer the more have failed before it', () => {
    const pod = { isCurrent: true, isTerminating: false, isReady: true, isAvailable: true } as const;
    const older = { ...pod, name: 'b', phase: 'active', createdAt: 1 } as const;
    const node = { name: 'n', shouldRun: true, mayContinue: true, isLost: false };
    const view = { maxUnavailable: 1, maxSurge: 0, now: 10_000 };
    const two = [{ ...node, pods: [{ ...older, name: 'a', createdAt: 2 }, older] }];
    assert.deepEqual(planDaemons({ ...view, nodes: two }).delete, ['a']);
    const failed = [{ ...older, phase: 'failed' as const }];
    assert.deepEqual(planDaemons({ ...view, nodes: [{ ...node, pods: failed }] }).delete, ['b']);
    const failures = { count: 3, at: 9_000 };
    const plan = planDaemons({ ...view, nodes: [{ ...node, pods: failed, failures }] });
    assert.deepEqual([plan.delete, plan.againMs], [[], 3_000]);
  });
});

describe('countDaemons', () => {
  it('counts nodes that should have a pod, and apart from them those that should not', () => {
    const on = { name: 'n', shouldRun: true, mayContinue: true, isLost: false };
    const pod = { name: 'p', phase: 'active', isTerminating: false, isReady: true, createdAt: 0 } as const;
    const counts = countDaemons([
      { ...on, pods: [{ ...pod, isCurrent: true, isAvailable: true }] },
      { ...on, pods: [{ ...pod, isCurrent: false, isAvailable: false }] },
      { ...on, pods: [] },
      { ...on, shouldRun: false, pods: [{ ...pod, isCurrent: true, isAvailable: true }] },
    ]);
    assert.deepEqual(counts, {
      currentNumberScheduled: 2,
      desiredNumberScheduled: 3,
      numberMisscheduled: 1,
      numberReady: 2,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
    });
  });
});
