import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';
import { Bench, withContainer } from './bench.ts';

describe('PodManager', () => {
  let directory: string;
  let bench: Bench;
  const id = (pod: Stored<Pod>, attempt: number): ContainerId =>
    `${pod.metadata.uid}-main-${String(attempt)}` as ContainerId;

  beforeEach(async () => {
    directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-pods-'));
    bench = new Bench(directory);
  });

  afterEach(async () => {
    await bench.stop();
    await rm(directory, { recursive: true });
  });

  it('runs a pod and reports it ready with its address', async () => {
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    const status = bench.statusOf(pod);
    assert.equal(status.phase, 'Running');
    assert.equal(status.podIP, '10.90.0.2');
    assert.equal(status.hostIP, '192.0.2.1');
    assert.equal(status.qosClass, 'BestEffort');
    assert.equal(status.containerStatuses?.[0]?.containerID, `oci://${id(pod, 0)}`);
    const reasons = bench.link.events.map(({ reason }) => reason);
    assert.deepEqual(reasons, ['Pulled', 'Created', 'Started']);
  });

  it('is ready as soon as its readiness gates are open', async () => {
    await bench.start();
    const pod = withContainer({}, { readinessGates: [{ conditionType: 'example.com/open' }] });
    const turned = (status: string): Stored<Pod> => ({
      ...pod,
      status: { ...bench.statusOf(pod), conditions: [{ type: 'example.com/open', status }] },
    });
    const messageOfReady = (): string =>
      bench.statusOf(pod).conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
    bench.link.desired.set('pods', pod);
    await bench.until(() => /gate "example.com\/open" does not exist/.test(messageOfReady()));
    bench.link.desired.set('pods', turned('False'));
    await bench.until(() => /gate "example.com\/open" is not "True", but False/.test(messageOfReady()));
    bench.link.desired.set('pods', turned('True'));
    await bench.until(() => bench.isReady(pod));
  });

  it('restarts at once, then backs off with CrashLoopBackOff, and shows how it ended', async () => {
    bench.runtime.programs['main'] = { runsMs: 1000, exitCode: 7 };
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'CrashLoopBackOff');
    const [container] = bench.statusOf(pod).containerStatuses ?? [];
    assert.equal(container?.restartCount, 1);
    assert.equal(container?.lastState?.terminated?.exitCode, 7);
    assert.equal(container?.lastState?.terminated?.reason, 'Error');
    assert.match(
      container?.state?.waiting?.message ?? '',
      /^back-off 10s restarting failed container=main pod=web_default/,
    );
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.restartCount === 2);
    await bench.until(() =>
      /back-off 20s/.test(bench.statusOf(pod).containerStatuses?.[0]?.state?.waiting?.message ?? ''),
    );
    assert.equal(bench.runtime.mostAtOnce, 1);
    assert.equal(bench.link.events.filter(({ reason }) => reason === 'BackOff').length, 2);
  });

  it('ends a pod that never restarts as Succeeded or Failed', async () => {
    bench.runtime.programs['main'] = { runsMs: 1000, exitCode: 0 };
    await bench.start();
    const pod = withContainer({}, { restartPolicy: 'Never' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).phase === 'Succeeded');
    assert.equal(bench.statusOf(pod).containerStatuses?.[0]?.state?.terminated?.reason, 'Completed');
    assert.equal(bench.statusOf(pod).conditions?.find(({ type }) => type === 'Ready')?.reason, 'PodCompleted');
    bench.runtime.programs['main'] = { runsMs: 1000, exitCode: 3 };
    const failing = { ...withContainer({}, { restartPolicy: 'Never' }) };
    failing.metadata.name = 'failing';
    bench.link.desired.set('pods', failing);
    await bench.until(() => bench.statusOf(failing).phase === 'Failed');
  });

  it('kills at the end of the grace period, removes everything, ships the last lines, and reports finished', async () => {
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.delete(pod, 5);
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.state?.terminated?.exitCode === 137);
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
    assert.deepEqual(await bench.runtime.listSandboxes(), []);
    assert.deepEqual(bench.drained, ['web']);
  });

  it('shortens a running deletion when a second one asks for it', async () => {
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.delete(pod, 600);
    await bench.until(() => bench.link.events.some(({ reason }) => reason === 'Killing'));
    bench.delete(pod, 1);
    const before = bench.clock.now();
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
    assert.ok(bench.clock.now() - before < 5000);
  });

  it('goes on with the same containers after a restart of the agent', async () => {
    await bench.start();
    const pod = withContainer({ readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 1 } });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.runtime.exit(id(pod, 0), 1);
    await bench.until(() => bench.isReady(pod) && bench.statusOf(pod).containerStatuses?.[0]?.restartCount === 1);
    const before = bench.statusOf(pod);
    await bench.stop();
    bench.link.reports.length = 0;
    await bench.start();
    await bench.until(() => bench.link.reports.length > 0);
    assert.deepEqual(bench.link.reports[0]?.status, before);
    assert.deepEqual(
      (await bench.runtime.listContainers()).map(({ attempt, state }) => [attempt, state]),
      [
        [0, 'exited'],
        [1, 'running'],
      ],
    );
  });

  it('reports an exit that happened while the agent was away', async () => {
    await bench.start();
    const pod = withContainer({}, { restartPolicy: 'Never' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    await bench.stop();
    bench.runtime.exit(id(pod, 0), 42);
    await bench.start();
    await bench.until(() => bench.statusOf(pod).phase === 'Failed');
    assert.equal(bench.statusOf(pod).containerStatuses?.[0]?.state?.terminated?.exitCode, 42);
  });

  it('brings pods back after a reboot from the disk alone, but no finished ones', async () => {
    bench.runtime.programs['done'] = { runsMs: 10, exitCode: 0 };
    await bench.start();
    const pod = aPod({ name: 'server' });
    const job = withContainer({ name: 'done' }, { restartPolicy: 'OnFailure' });
    bench.link.desired.set('pods', pod);
    bench.link.desired.set('pods', job);
    await bench.until(() => bench.isReady(pod) && bench.statusOf(job).phase === 'Succeeded');
    await bench.stop();
    bench.runtime.reboot();
    bench.link.isConnected = false;
    bench.link.reports.length = 0;
    await bench.start();
    await bench.until(() => bench.isReady(pod));
    assert.equal(bench.statusOf(pod).containerStatuses?.[0]?.restartCount, 1);
    assert.equal(bench.statusOf(job).phase, 'Succeeded');
    assert.deepEqual(
      (await bench.runtime.listContainers()).map(({ name }) => name),
      ['main'],
    );
  });

  it('removes what nobody wants, and nothing before it knows what is wanted', async () => {
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    await bench.stop();
    bench.link.desired.remove('pods', 'default', 'web');
    bench.link.desired.isLoaded = false;
    await bench.start();
    await bench.clock.advance(60_000);
    assert.equal((await bench.runtime.listSandboxes()).length, 1);
    bench.link.desired.isLoaded = true;
    let left = 1;
    await bench.until(() => {
      void bench.runtime.listSandboxes().then((found) => (left = found.length));
      return left === 0;
    });
  });

  it('lets a pod of the same name wait until the old one is gone', async () => {
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await bench.start();
    const old = aPod();
    bench.link.desired.set('pods', old);
    await bench.until(() => bench.isReady(old));
    const young = aPod();
    bench.link.desired.set('pods', young);
    await bench.clock.advance(5000);
    assert.equal(bench.link.last(young.metadata.uid), undefined);
    await bench.until(() => bench.isReady(young));
    assert.equal((await bench.runtime.listSandboxes()).length, 1);
  });
});
