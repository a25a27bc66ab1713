import assert from 'node:assert/strict';
import fc from 'fast-check';
import { failedBudget, planBudget, planNeeds, type GuardedPod } from '../../../controller/reconcile/disruption/plan.ts';
import { evictionTimeoutMs } from '../../../shared/objects/disruption.ts';
import { rfc3339 } from '../../../shared/clock.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const ago = (ms: number): string => rfc3339(now - ms);

const anyPods = fc
  .array(fc.record({ isReady: fc.boolean(), isTerminating: fc.boolean(), agoMs: fc.option(fc.nat(300_000)) }), {
    maxLength: 12,
  })
  .map((pods) => pods.map((pod, at) => ({ ...pod, name: `pod-${at}` })));
const anyNeeds = fc.record({ expectedPods: fc.nat(12), desiredHealthy: fc.nat(12) });

type AnyPod = GuardedPod & { agoMs: number | null };

function plan(pods: readonly AnyPod[], needs: { expectedPods: number; desiredHealthy: number }) {
  const entries = pods.flatMap(({ name, agoMs }) => (agoMs === null ? [] : [[name, ago(agoMs)]]));
  const disruptedPods = Object.fromEntries(entries) as Record<string, string>;
  const current = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0, disruptedPods };
  return planBudget({ needs, pods, current, generation: 2, now });
}

describe('planNeeds', () => {
  it('reads numbers and percentages, rounded to the side of the pods', () => {
    assert.deepEqual(planNeeds({ minAvailable: 2 }, 3, 0), { expectedPods: 3, desiredHealthy: 2 });
    assert.deepEqual(planNeeds({ minAvailable: '50%' }, 9, 5), { expectedPods: 5, desiredHealthy: 3 });
    assert.deepEqual(planNeeds({ maxUnavailable: 1 }, 9, 5), { expectedPods: 5, desiredHealthy: 4 });
    assert.deepEqual(planNeeds({ maxUnavailable: '30%' }, 9, 5), { expectedPods: 5, desiredHealthy: 3 });
    assert.deepEqual(planNeeds({ maxUnavailable: 7 }, 9, 5), { expectedPods: 5, desiredHealthy: 0 });
    assert.deepEqual(planNeeds({}, 3, 3), { expectedPods: 0, desiredHealthy: 0 });
  });
});

describe('planBudget', () => {
  it('never allows what would leave fewer healthy pods than desired', () => {
    fc.assert(
      fc.property(anyPods, anyNeeds, (pods, needs) => {
        const { status } = plan(pods, needs);
        const counted = pods.filter(({ name, isReady, isTerminating }) => {
          return isReady && !isTerminating && status.disruptedPods?.[name] === undefined;
        });
        assert.equal(status.currentHealthy, counted.length);
        assert.ok(
          status.disruptionsAllowed === 0 || counted.length - status.disruptionsAllowed >= needs.desiredHealthy,
        );
        const [condition] = status.conditions ?? [];
        assert.equal(condition?.status, status.disruptionsAllowed > 0 ? 'True' : 'False');
      }),
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyPods, anyNeeds, (pods, needs) => {
        const { status } = plan(pods, needs);
        const again = planBudget({ needs, pods, current: status, generation: 2, now });
        assert.deepEqual(again.status, status);
        assert.deepEqual(again.overdue, []);
      }),
    );
  });

  it('forgets an evicted pod when it goes, is gone, or was not deleted in time', () => {
    const pod = { isReady: true, isTerminating: false };
    const pods = [
      { ...pod, name: 'evicted', agoMs: 1_000 },
      { ...pod, name: 'going', isTerminating: true, agoMs: 1_000 },
      { ...pod, name: 'overdue', agoMs: evictionTimeoutMs },
      { ...pod, name: 'other', agoMs: null },
    ];
    const { status, overdue, recheckMs } = plan(pods, { expectedPods: 4, desiredHealthy: 1 });
    assert.deepEqual(status.disruptedPods, { evicted: ago(1_000) });
    assert.deepEqual([status.currentHealthy, status.disruptionsAllowed], [2, 1]);
    assert.deepEqual([overdue, recheckMs], [['overdue'], evictionTimeoutMs - 1_000]);
  });

  it('allows nothing while it cannot be computed', () => {
    const { status } = plan([{ name: 'a', isReady: true, isTerminating: false, agoMs: null }], {
      expectedPods: 1,
      desiredHealthy: 0,
    });
    const failed = failedBudget(status, 'jobs.batch does not implement the scale subresource', 3, now);
    assert.deepEqual([failed.disruptionsAllowed, failed.observedGeneration], [0, 3]);
    assert.deepEqual(failed.conditions?.[0]?.reason, 'SyncFailed');
  });
});
