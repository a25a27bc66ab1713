import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ContainerId, SandboxId } from '../../../agent/runtime/driver.ts';
import { ApiError } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { ImageError } from '../../../agent/images/image-service.ts';
import { aPod } from '../../objects.ts';
import { Bench, withContainer } from './bench.ts';

describe('PodManager in trouble', () => {
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

  it("shows a failed pull in the registry's words, then ImagePullBackOff, and recovers", async () => {
    const failure = new ImageError('ErrImagePull', 'registry says: manifest unknown');
    bench.runtime.images.failures.set('absent:1', failure);
    await bench.start();
    const pod = withContainer({ image: 'absent:1' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'ErrImagePull');
    await bench.until(() => bench.waitingReason(pod) === 'ImagePullBackOff');
    const { message } = bench.statusOf(pod).containerStatuses?.[0]?.state?.waiting ?? {};
    assert.equal(message, 'Back-off pulling image "absent:1": ErrImagePull: registry says: manifest unknown');
    const told = bench.link.events.map(({ type, reason, message: text }) => `${type} ${reason} ${text}`);
    assert.deepEqual(told, [
      'Normal Pulling Pulling image "absent:1"',
      'Warning Failed Failed to pull image "absent:1": registry says: manifest unknown',
      'Warning Failed Error: ErrImagePull',
      'Normal BackOff Back-off pulling image "absent:1"',
      'Warning Failed Error: ImagePullBackOff',
    ]);
    bench.runtime.images.failures.clear();
    await bench.until(() => bench.isReady(pod));
    const waited = bench.link.events.filter(({ reason }) => reason === 'Pulling').map(({ at }) => at);
    assert.ok((waited.at(-1) ?? 0) - (waited[0] ?? 0) >= 10_000);
  });

  it('shows a registry that nobody reaches as any failed pull', async () => {
    const failure = new ImageError('RegistryUnavailable', 'cannot reach registry example.test: connection refused');
    bench.runtime.images.failures.set('absent:1', failure);
    await bench.start();
    const pod = withContainer({ image: 'absent:1' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'ErrImagePull');
    const { message } = bench.statusOf(pod).containerStatuses?.[0]?.state?.waiting ?? {};
    assert.match(message ?? '', /cannot reach registry example\.test/);
    await bench.until(() => bench.waitingReason(pod) === 'ImagePullBackOff');
  });

  it('does not pull with policy Never', async () => {
    await bench.start();
    const pod = withContainer({ image: 'absent:1', imagePullPolicy: 'Never' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'ErrImageNeverPull');
    assert.deepEqual(bench.runtime.images.pulls, []);
  });

  it('starts a container as soon as the missing config map appears', async () => {
    await bench.start();
    const pod = withContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'a' } } }] });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'CreateContainerConfigError');
    assert.equal(bench.statusOf(pod).containerStatuses?.[0]?.state?.waiting?.message, 'configmap "cm" not found');
    const cm = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm', namespace: 'default' },
      data: { a: 'x' },
    };
    bench.link.desired.set('configmaps', cm);
    await bench.until(() => bench.isReady(pod), 10);
    assert.ok(bench.runtime.configOf(id(pod, 0)).env.some(({ name, value }) => name === 'A' && value === 'x'));
  });

  it('kills and restarts a container whose liveness probe fails', async () => {
    await bench.start();
    const pod = withContainer({
      livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 1, failureThreshold: 2 },
    });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.probeAnswers.set('alive', { outcome: 'failure', output: 'dead' });
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.restartCount === 1);
    bench.probeAnswers.clear();
    const messages = bench.link.events.map(({ message }) => message);
    assert.ok(messages.includes('Liveness probe failed: dead'));
    assert.ok(messages.includes('Container main failed liveness probe, will be restarted'));
  });

  it('is not ready until the startup and the readiness probe succeeded', async () => {
    bench.probeAnswers.set('up', { outcome: 'failure', output: '' });
    bench.probeAnswers.set('ready', { outcome: 'failure', output: '' });
    await bench.start();
    const pod = withContainer({
      startupProbe: { exec: { command: ['up'] }, periodSeconds: 1, failureThreshold: 100 },
      readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 1 },
    });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).phase === 'Running');
    await bench.clock.advance(3000);
    assert.equal(bench.statusOf(pod).containerStatuses?.[0]?.started, false);
    bench.probeAnswers.delete('up');
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.started === true);
    assert.equal(bench.isReady(pod), false);
    bench.probeAnswers.delete('ready');
    await bench.until(() => bench.isReady(pod));
  });

  it('tells why a command cannot be started, and backs off', async () => {
    bench.runtime.programs['main'] = { startError: 'exec: "/nope": no such file or directory' };
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.waitingReason(pod) === 'RunContainerError', 1);
    await bench.until(() => bench.waitingReason(pod) === 'CrashLoopBackOff');
    const ended = bench.statusOf(pod).containerStatuses?.[0]?.lastState?.terminated;
    assert.equal(ended?.reason, 'StartError');
    assert.equal(ended?.exitCode, 128);
    assert.match(ended?.message ?? '', /no such file/);
  });

  it('ends a pod at its active deadline', async () => {
    await bench.start();
    const pod = withContainer({}, { activeDeadlineSeconds: 100 });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    await bench.until(() => bench.statusOf(pod).phase === 'Failed');
    assert.equal(bench.statusOf(pod).reason, 'DeadlineExceeded');
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.state?.terminated !== undefined);
  });

  it('makes a new sandbox when the old one lost its network', async () => {
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    bench.runtime.loseSandbox(`${pod.metadata.uid}-s0` as SandboxId);
    await bench.until(() => bench.statusOf(pod).containerStatuses?.[0]?.restartCount === 1 && bench.isReady(pod));
    assert.deepEqual(
      (await bench.runtime.listSandboxes()).map(({ attempt }) => attempt),
      [1],
    );
  });

  it('retries a sandbox that could not be made', async () => {
    bench.runtime.sandboxFailures.push(new Error('no address is free'));
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    assert.ok(bench.link.events.some(({ reason }) => reason === 'FailedCreatePodSandBox'));
  });

  it('makes a container on a full disk by a part of the reserve', async () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const wrapped = new ApiError('InternalError', 'root of container', {}, { cause: full });
    bench.runtime.containerFailures.push(wrapped, full);
    bench.reserve.take();
    await bench.start();
    const pod = aPod();
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    assert.deepEqual(
      bench.link.events.filter(({ type }) => type === 'Warning'),
      [],
    );
    assert.equal((await stat(join(directory, 'reserve'))).size, (1 << 18) - 2 * (1 << 16));
  });

  it('gives up a pull when the pod is deleted meanwhile', async () => {
    let open = (): void => undefined;
    bench.runtime.images.gate = new Promise((resolve) => (open = resolve));
    await bench.start();
    const pod = withContainer({ image: 'slow:1' });
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.runtime.images.pulls.length === 1);
    bench.delete(pod, 30);
    open();
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
    assert.deepEqual(await bench.runtime.listContainers(), []);
  });
});
