import assert from 'node:assert/strict';
import fc from 'fast-check';
import { desiredRollout } from '../../../controller/reconcile/deployment/deployment.ts';
import { planRollout } from '../../../controller/reconcile/deployment/plan.ts';
import type { RolloutDesired, RolloutSet } from '../../../controller/reconcile/deployment/rollout-set.ts';

interface SimPod {
  isAvailable: boolean;
}

/** ReplicaSets and their pods, moved by single steps in any order, as the real ones are. */
class Simulation {
  desired: RolloutDesired;
  readonly sets: { name: string; replicas: number; sizedFor?: number; sizedMax?: number; pods: SimPod[] }[] = [];

  constructor(desired: RolloutDesired, oldPods: readonly boolean[][]) {
    this.desired = desired;
    oldPods.forEach((pods, place) =>
      this.sets.push({
        name: `old-${place}`,
        replicas: pods.length,
        pods: pods.map((isAvailable) => ({ isAvailable })),
      }),
    );
    this.sets.push({ name: 'current', replicas: 0, pods: [] });
  }

  observe(): { current: RolloutSet; old: RolloutSet[] } {
    const seen = this.sets.map(({ name, replicas, pods, sizedFor, sizedMax }, createdAt): RolloutSet => ({
      name,
      replicas,
      createdAt,
      sizedFor,
      sizedMax,
      live: pods.length,
      running: pods.length,
      available: pods.filter(({ isAvailable }) => isAvailable).length,
    }));
    const current = seen.pop();
    assert.ok(current);
    return { current, old: seen };
  }

  plan(): boolean {
    const before = JSON.stringify(this.sets);
    const sizes = planRollout(this.desired, this.observe());
    for (const set of this.sets) {
      const isActive = set.replicas > 0 || (sizes.get(set.name) ?? 0) > 0;
      set.replicas = sizes.get(set.name) ?? set.replicas;
      if (!isActive) continue;
      set.sizedFor = this.desired.replicas;
      set.sizedMax = this.desired.replicas + this.desired.maxSurge;
    }
    return JSON.stringify(this.sets) !== before;
  }

  /** One set brings its pods to its size. */
  settle(place: number): void {
    const set = this.sets[place % this.sets.length];
    assert.ok(set);
    set.pods.sort((a, b) => Number(b.isAvailable) - Number(a.isAvailable));
    set.pods.length = Math.min(set.pods.length, set.replicas);
    while (set.pods.length < set.replicas) set.pods.push({ isAvailable: false });
  }

  /** One pod of the new set becomes available. */
  start(place: number): void {
    const pods = this.sets.at(-1)?.pods.filter(({ isAvailable }) => !isAvailable) ?? [];
    const pod = pods[place % Math.max(1, pods.length)];
    if (pod) pod.isAvailable = true;
  }

  get pods(): SimPod[] {
    return this.sets.flatMap(({ pods }) => pods);
  }

  get available(): number {
    return this.pods.filter(({ isAvailable }) => isAvailable).length;
  }

  get isDone(): boolean {
    return this.sets.every(({ name, pods }) => pods.length === (name === 'current' ? this.desired.replicas : 0));
  }
}

const anyDesired = fc
  .record({
    replicas: fc.integer({ min: 1, max: 10 }),
    strategy: fc.constantFrom('RollingUpdate' as const, 'Recreate' as const),
    maxSurge: fc.nat(4),
    maxUnavailable: fc.nat(4),
  })
  .map(({ replicas, strategy, maxSurge, maxUnavailable }): RolloutDesired => {
    if (strategy === 'Recreate') return { replicas, strategy, maxSurge: 0, maxUnavailable: replicas, isPaused: false };
    const missing = maxSurge + maxUnavailable === 0 ? 1 : maxUnavailable;
    return { replicas, strategy, maxSurge, maxUnavailable: Math.min(replicas, missing), isPaused: false };
  });
const anyMoves = fc.array(fc.tuple(fc.constantFrom('plan', 'settle', 'start'), fc.nat(20)), { maxLength: 80 });

/** Splits the pods a rollout starts with over two old sets. */
function oldPods({ replicas }: RolloutDesired, first: number): boolean[][] {
  const all = Array.from({ length: replicas }, () => true);
  return [all.slice(0, first % (replicas + 1)), all.slice(first % (replicas + 1))];
}

function move(simulation: Simulation, kind: string, place: number): void {
  if (kind === 'plan') simulation.plan();
  else if (kind === 'settle') simulation.settle(place);
  else simulation.start(place);
}

describe('planRollout', () => {
  it('never has more pods than replicas and surge, nor fewer available than allowed, in whatever order things happen', () => {
    fc.assert(
      fc.property(anyDesired, fc.nat(10), anyMoves, (desired, first, moves) => {
        const simulation = new Simulation(desired, oldPods(desired, first));
        for (const [kind, place] of moves) {
          move(simulation, kind, place);
          assert.ok(simulation.pods.length <= desired.replicas + desired.maxSurge, 'above surge');
          assert.ok(simulation.available >= desired.replicas - desired.maxUnavailable, 'below the least available');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends with only new pods', () => {
    fc.assert(
      fc.property(anyDesired, fc.nat(10), anyMoves, (desired, first, moves) => {
        const simulation = new Simulation(desired, oldPods(desired, first));
        moves.forEach(([kind, place]) => move(simulation, kind, place));
        for (let round = 0; round < 60 && !simulation.isDone; round += 1) {
          simulation.plan();
          simulation.sets.forEach((_, place) => simulation.settle(place));
          simulation.start(0);
        }
        assert.ok(simulation.isDone);
      }),
    );
  });

  it('ends with only new pods when it is scaled on the way', () => {
    fc.assert(
      fc.property(anyDesired, fc.nat(10), anyMoves, fc.integer({ min: 1, max: 12 }), (desired, first, moves, next) => {
        const simulation = new Simulation(desired, oldPods(desired, first));
        moves.forEach(([kind, place]) => move(simulation, kind, place));
        simulation.desired = { ...desired, replicas: next, maxUnavailable: Math.min(next, desired.maxUnavailable) };
        for (let round = 0; round < 80 && !simulation.isDone; round += 1) {
          simulation.plan();
          simulation.sets.forEach((_, place) => simulation.settle(place));
          simulation.start(0);
        }
        assert.ok(simulation.isDone);
      }),
    );
  });

  it('leaves nothing to plan', () => {
    fc.assert(
      fc.property(anyDesired, fc.boolean(), fc.nat(10), anyMoves, (desired, isPaused, first, moves) => {
        const simulation = new Simulation(desired, oldPods(desired, first));
        moves.forEach(([kind, place]) => move(simulation, kind, place));
        simulation.desired = { ...desired, isPaused };
        simulation.plan();
        assert.equal(simulation.plan(), false);
      }),
    );
  });

  it('shares out new replicas in proportion while a rollout is under way', () => {
    const desired = { ...anyRolling, replicas: 10, maxSurge: 3, maxUnavailable: 2 };
    const sized = { sizedFor: 10, sizedMax: 13 };
    const old = [{ name: 'old', ...counted(8, 8), createdAt: 1, ...sized }];
    const current = { name: 'current', ...counted(5, 0), createdAt: 2, ...sized };
    const sizes = planRollout({ ...desired, replicas: 20, maxSurge: 6, isPaused: true }, { current, old });
    assert.deepEqual(
      [...sizes],
      [
        ['old', 16],
        ['current', 10],
      ],
    );
  });

  it('removes old pods that never became available before available ones', () => {
    const desired = { ...anyRolling, replicas: 4, maxSurge: 1, maxUnavailable: 1 };
    const old = [
      { name: 'good', ...counted(3, 3), createdAt: 1 },
      { name: 'bad', ...counted(2, 0), createdAt: 2 },
    ];
    const current = { name: 'current', ...counted(0, 0), createdAt: 3 };
    const sizes = planRollout(desired, { current, old });
    assert.equal(sizes.get('bad'), 0);
    assert.equal(sizes.get('good'), 3);
  });

  it('waits with Recreate until the last old pod has ended', () => {
    const desired = { ...anyRolling, strategy: 'Recreate' as const, replicas: 2, maxSurge: 0, maxUnavailable: 2 };
    const current = { name: 'current', ...counted(0, 0), createdAt: 2 };
    const ending = { name: 'old', ...counted(0, 0), running: 1, createdAt: 1 };
    assert.equal(planRollout(desired, { current, old: [ending] }).get('current'), 0);
    assert.equal(planRollout(desired, { current, old: [{ ...ending, running: 0 }] }).get('current'), 2);
  });

  it('does not begin a rollout while paused', () => {
    const old = [{ name: 'old', ...counted(3, 3), createdAt: 1 }];
    const sizes = planRollout({ ...anyRolling, replicas: 3, isPaused: true }, { current: undefined, old });
    assert.deepEqual([...sizes], [['old', 3]]);
  });
});

const anyRolling: RolloutDesired = {
  replicas: 1,
  strategy: 'RollingUpdate',
  maxSurge: 1,
  maxUnavailable: 0,
  isPaused: false,
};

function counted(replicas: number, available: number): Omit<RolloutSet, 'name' | 'createdAt'> {
  return { replicas, live: replicas, running: replicas, available };
}

describe('desiredRollout', () => {
  const rollout = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): RolloutDesired => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
    const spec = { replicas, strategy, selector: {}, template: {} };
    return desiredRollout({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
  };

  it('rounds surge up and unavailability down', () => {
    assert.deepEqual(rollout(5, '25%', '25%'), { ...anyRolling, replicas: 5, maxSurge: 2, maxUnavailable: 1 });
  });

  it('lets one pod be missing when neither surge nor unavailability has room', () => {
    assert.deepEqual(rollout(3, 0, '0%'), { ...anyRolling, replicas: 3, maxSurge: 0, maxUnavailable: 1 });
  });
});
