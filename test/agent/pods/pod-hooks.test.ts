import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench, withContainer } from './bench.ts';

describe('PodManager with hooks and init containers', () => {
  let directory: string;
  let bench: Bench;

  beforeEach(async () => {
    directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-pods-'));
    bench = new Bench(directory);
  });

  afterEach(async () => {
    await bench.stop();
    await rm(directory, { recursive: true });
  });

  const reasons = (): string[] => bench.link.events.map(({ reason }) => reason);

  it('kills a container whose postStart hook fails, and says so', async () => {
    bench.probeAnswers.set('hook', { outcome: 'failure', output: 'no' });
    await bench.start();
    const pod = withContainer({ lifecycle: { postStart: { exec: { command: ['hook'] } } } });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.restartCount === 1);
    assert.ok(bench.link.events.some(({ message }) => message === 'PostStartHook failed: no'));
  });

  it('runs the preStop hook before it stops the container, within the grace period', async () => {
    await bench.start();
    const pod = withContainer({ lifecycle: { preStop: { sleep: { seconds: 3 } } } });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.delete(pod, 10);
    const began = bench.clock.now();
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
    const spent = bench.clock.now() - began;
    assert.ok(spent >= 3000 && spent < 5000, String(spent));
  });

  it('kills at the end of the grace period although the preStop hook still runs', async () => {
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await bench.start();
    const pod = withContainer({ lifecycle: { preStop: { sleep: { seconds: 600 } } } });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.delete(pod, 5);
    const began = bench.clock.now();
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
    assert.ok(bench.clock.now() - began < 10_000);
  });

  it('waits for init containers, restarts a failing one, and shows the others as initializing', async () => {
    bench.runtime.programs['init'] = { runsMs: 500, exitCode: 1 };
    await bench.start();
    const pod = withContainer({}, { initContainers: [{ name: 'init', image: 'hello:1' }] });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).initContainerStatuses?.[0]?.restartCount === 1);
    assert.equal(bench.waitingReason(pod), 'PodInitializing');
    const initialized = bench.statusOf(pod).conditions?.find(({ type }) => type === 'Initialized');
    assert.equal(initialized?.message, 'containers with incomplete status: [init]');
    bench.runtime.programs['init'] = { runsMs: 500, exitCode: 0 };
    await bench.until(() => bench.isReady(pod));
    assert.equal(bench.statusOf(pod).initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed');
  });

  it('ends at once when the agent is to stop, whatever a container takes to end', async () => {
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await bench.start();
    const pod = withContainer({});
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.delete(pod, 600);
    await bench.until(() => reasons().includes('Killing'));
    await bench.stop(); // the test's clock stands still: waiting for the container would never end
    await bench.start();
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true, 1000);
  });
});
