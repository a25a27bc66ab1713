import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planPod } from '../../../agent/pods/plan.ts';
import { outcomeOf } from '../../../agent/pods/pod-view.ts';
import { restartDelayMs } from '../../../agent/pods/restart-delay.ts';
import type { ContainerId, SandboxId } from '../../../agent/runtime/driver.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';
import { PodModel } from './pod-model.ts';

function withSpec(spec: Partial<NonNullable<Pod['spec']>>): Stored<Pod> {
  const pod = aPod();
  return { ...pod, spec: { containers: [], ...pod.spec, ...spec } };
}

const id = (text: string): ContainerId => text as ContainerId;

describe('planPod', () => {
  it('prepares volumes, then a sandbox, then all containers at once', () => {
    const model = new PodModel(withSpec({ containers: [{ name: 'a' }, { name: 'b' }] }));
    assert.deepEqual(
      model.settle().map((step) => step.do),
      ['prepareVolumes', 'runSandbox', 'start', 'start'],
    );
    assert.deepEqual(model.running(), ['a', 'b']);
  });

  it('runs init containers one after the other before the others', () => {
    const model = new PodModel(
      withSpec({ initContainers: [{ name: 'i1' }, { name: 'i2' }], containers: [{ name: 'a' }] }),
    );
    model.settle();
    assert.deepEqual(model.running(), ['i1']);
    model.exit(id('i1-0'), 0);
    model.settle();
    assert.deepEqual(model.running(), ['i2']);
    model.exit(id('i2-0'), 0);
    model.settle();
    assert.deepEqual(model.running(), ['a']);
  });

  it('keeps a sidecar running beside the containers and stops it after them', () => {
    const model = new PodModel(
      withSpec({
        restartPolicy: 'Never',
        initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'i' }],
        containers: [{ name: 'a' }],
      }),
    );
    model.settle();
    assert.deepEqual(model.running(), ['side', 'i']);
    model.exit(id('i-0'), 0);
    model.settle();
    model.exit(id('side-0'), 1);
    model.settle();
    assert.deepEqual(model.running(), ['a', 'side']);
    model.exit(id('a-0'), 0);
    model.settle();
    assert.deepEqual(model.running(), []);
    assert.equal(outcomeOf(model.view()), 'Succeeded');
  });

  it('starts an ephemeral container once, beside init containers too, and never again', () => {
    const ephemeralContainers = [{ name: 'debug' }];
    const model = new PodModel(
      withSpec({ initContainers: [{ name: 'i' }], containers: [{ name: 'a' }], ephemeralContainers }),
    );
    model.settle();
    assert.deepEqual(model.running().sort(), ['debug', 'i']);
    model.exit(id('debug-0'), 1);
    model.exit(id('i-0'), 0);
    model.settle();
    assert.deepEqual(model.running(), ['a']);
    for (const { id: sandbox } of model.sandboxes) model.lose(sandbox);
    model.exit(id('i-1'), 0);
    model.settle();
    assert.ok(!model.running().includes('debug'));
    assert.equal(outcomeOf(model.view()), undefined);
  });

  it('ends the pod with its own containers, whatever an ephemeral one does', () => {
    const ephemeralContainers = [{ name: 'debug' }];
    const model = new PodModel(withSpec({ restartPolicy: 'Never', containers: [{ name: 'a' }], ephemeralContainers }));
    model.settle();
    model.exit(id('a-0'), 0);
    model.settle();
    assert.deepEqual(model.running(), []);
    assert.equal(outcomeOf(model.view()), 'Succeeded');
  });

  it('fails a pod that never restarts when an init container fails', () => {
    const model = new PodModel(
      withSpec({ restartPolicy: 'Never', initContainers: [{ name: 'i' }], containers: [{ name: 'a' }] }),
    );
    model.settle();
    model.exit(id('i-0'), 3);
    model.settle();
    assert.equal(outcomeOf(model.view()), 'Failed');
    assert.deepEqual(model.running(), []);
  });

  it('restarts at once the first time, then waits for the back-off', () => {
    const model = new PodModel(aPod());
    model.settle();
    model.exit(id('main-0'), 1);
    model.settle();
    assert.deepEqual(model.running(), ['main']);
    model.exit(id('main-1'), 1);
    assert.deepEqual(planPod(model.view()), { steps: [], wakeAt: model.now + 10_000 });
    model.now += 10_000;
    model.settle();
    assert.deepEqual(model.running(), ['main']);
  });

  it('replaces only the container whose image changed', () => {
    const model = new PodModel(withSpec({ containers: [{ name: 'a', image: 'x:1' }, { name: 'b' }] }));
    model.settle();
    model.pod = { ...model.pod, spec: { containers: [{ name: 'a', image: 'x:2' }, { name: 'b' }] } };
    assert.deepEqual(
      model.settle().map((step) => ('container' in step ? [step.do, step.container] : [])),
      [
        ['stop', 'a'],
        ['start', 'a'],
      ],
    );
  });

  it('begins anew in a new sandbox when the old one is lost', () => {
    const model = new PodModel(withSpec({ initContainers: [{ name: 'i' }], containers: [{ name: 'a' }] }));
    model.settle();
    model.exit(id('i-0'), 0);
    model.settle();
    model.lose('s0' as SandboxId);
    model.settle();
    assert.deepEqual(model.running(), ['i']);
    assert.deepEqual(
      model.sandboxes.map(({ attempt }) => attempt),
      [1],
    );
  });

  it('stops, then cleans up a pod that is to go', () => {
    const model = new PodModel(aPod());
    model.settle();
    model.end = { since: model.now, graceMs: 30_000, removes: true };
    assert.deepEqual(
      model.settle().map((step) => step.do),
      ['stop', 'cleanUp'],
    );
  });

  it('asks again for a running stop only when the new one kills sooner', () => {
    const model = new PodModel(aPod());
    model.settle();
    model.end = { since: model.now, graceMs: 2000, removes: true };
    const busy = { ...model.view(), busy: new Set(['container:main']) };
    const later = new Map([[id('main-0'), model.now + 30_000]]);
    assert.equal(planPod({ ...busy, stopping: later }).steps.length, 1);
    assert.equal(planPod({ ...busy, stopping: new Map([[id('main-0'), model.now + 2000]]) }).steps.length, 0);
  });

  it('waits for a hold and no longer', () => {
    const model = new PodModel(aPod());
    const hold = { reason: 'FailedMount', message: '', failures: 1, since: model.now, until: model.now + 500 };
    const view = { ...model.view(), holds: new Map([['volumes', hold]]) };
    assert.deepEqual(planPod(view), { steps: [], wakeAt: model.now + 500 });
    assert.equal(planPod({ ...view, now: model.now + 500 }).steps.length, 1);
  });
});

describe('restartDelayMs', () => {
  it('never shrinks while a container keeps failing, and stays within five minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), (streak) => {
        const last = { attempt: 0, id: id('a'), sandbox: '', exitCode: 1, reason: '', message: '' } as const;
        const times = { startedAt: 0, finishedAt: 1000 };
        const delay = (count: number): number =>
          restartDelayMs(
            { attempt: 0, imageId: '', specHash: '', restartStreak: count, ended: [] },
            { ...last, ...times },
          );
        assert.ok(delay(streak) <= delay(streak + 1));
        assert.ok(delay(streak) <= 300_000);
      }),
    );
  });

  it('starts over after ten minutes of running', () => {
    const last = { attempt: 0, id: id('a'), sandbox: '', exitCode: 1, reason: '', message: '' } as const;
    const record = { attempt: 9, imageId: '', specHash: '', restartStreak: 9, ended: [] };
    assert.equal(restartDelayMs(record, { ...last, startedAt: 0, finishedAt: 600_000 }), 0);
  });
});

type Event = { kind: 'exit'; which: number; code: number } | { kind: 'lose' } | { kind: 'wait'; ms: number };

const events = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('exit' as const), which: fc.nat(5), code: fc.constantFrom(0, 1, 137) }),
    fc.constant({ kind: 'lose' as const }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400_000 }) }),
  ),
  { maxLength: 25 },
);
const policies = fc.constantFrom('Always', 'OnFailure', 'Never');
const inits = fc.array(fc.constantFrom(undefined, 'Always'), { maxLength: 3 });

function happen(model: PodModel, event: Event): void {
  const running = model.containers.filter(({ state }) => state === 'running');
  if (event.kind === 'wait') model.now += event.ms;
  else if (event.kind === 'lose') model.sandboxes.forEach((sandbox) => model.lose(sandbox.id));
  else {
    const chosen = running[event.which % Math.max(1, running.length)];
    if (chosen !== undefined) model.exit(chosen.id, event.code);
  }
}

describe('planPod whatever happens', () => {
  it('never runs a container twice, comes to rest, and plans nothing more then', () => {
    fc.assert(
      fc.property(policies, inits, fc.integer({ min: 1, max: 3 }), events, (restartPolicy, kinds, count, happening) => {
        const initContainers = kinds.map((policy, index) => ({ name: `i${String(index)}`, restartPolicy: policy }));
        const containers = Array.from({ length: count }, (_, index) => ({ name: `c${String(index)}` }));
        const model = new PodModel(withSpec({ restartPolicy, initContainers, containers }));
        for (const event of happening) {
          model.settle(); // asserts that nothing starts twice and that it ends
          assert.deepEqual(planPod(model.view()).steps, []);
          happen(model, event);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never starts a container again when the pod never restarts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), events, (count, happening) => {
        const containers = Array.from({ length: count }, (_, index) => ({ name: `c${String(index)}` }));
        const model = new PodModel(withSpec({ restartPolicy: 'Never', containers }));
        for (const event of happening) {
          model.settle();
          happen(model, event);
        }
        model.settle();
        assert.ok(Object.values(model.record.containers).every(({ attempt }) => attempt === 0));
      }),
      { numRuns: 300 },
    );
  });
});
