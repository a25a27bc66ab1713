import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerId, ContainerStatus } from '../../../agent/runtime/driver.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import type { Container, Pod, PodCondition, Stored } from '../../../shared/objects/types.ts';
import { Bench, withContainer } from './bench.ts';

type Amounts = Record<string, string>;

describe('a change of resources', () => {
  let directory: string;
  let bench: Bench;

  beforeEach(async () => {
    directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-pods-'));
    bench = new Bench(directory);
    bench.allocatable = { cpu: 2000, memory: 1 << 30 };
  });
  afterEach(async () => {
    await bench.stop();
    await rm(directory, { recursive: true });
  });

  const started = async (container: Partial<Container>, name = 'web'): Promise<Stored<Pod>> => {
    const pod = withContainer(container);
    pod.metadata.name = name;
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    return pod;
  };
  const resize = (pod: Stored<Pod>, requests: Amounts, limits?: Amounts): void => {
    const [main] = pod.spec?.containers ?? [];
    assert.ok(main);
    const containers = [{ ...main, resources: { requests, ...(limits && { limits }) } }];
    const metadata = { ...pod.metadata, generation: 2 };
    const asked: Stored<Pod> = { ...pod, metadata, spec: { ...pod.spec, containers } };
    bench.link.desired.set('pods', asked);
  };
  const condition = (pod: Stored<Pod>, type: string): PodCondition | undefined =>
    findCondition(bench.statusOf(pod).conditions, type);
  const shown = (pod: Stored<Pod>) => bench.statusOf(pod).containerStatuses?.[0];
  const running = async (pod: Stored<Pod>): Promise<ContainerStatus | undefined> =>
    (await bench.runtime.listContainers(pod.metadata.uid)).find(({ state }) => state === 'running');
  const told = (): string[] =>
    bench.link.events.filter(({ reason }) => reason.startsWith('Resize')).map(({ reason }) => reason);

  it('reaches a running container, which is not restarted for it', async () => {
    await bench.start();
    const pod = await started({ resources: { requests: { cpu: '100m' }, limits: { memory: '32Mi' } } });
    assert.deepEqual(shown(pod)?.allocatedResources, { cpu: '100m' });
    resize(pod, { cpu: '1' }, { memory: '64Mi' });
    await bench.until(() => shown(pod)?.resources?.requests?.['cpu'] === '1');
    assert.deepEqual((await running(pod))?.size, { cpuRequestMillis: 1000, memoryLimitBytes: 64 << 20 });
    assert.deepEqual(shown(pod)?.resources, { requests: { cpu: '1' }, limits: { memory: '64Mi' } });
    assert.deepEqual([shown(pod)?.allocatedResources, shown(pod)?.restartCount], [{ cpu: '1' }, 0]);
    await bench.until(() => told().includes('ResizeCompleted'));
    assert.deepEqual(told(), ['ResizeStarted', 'ResizeCompleted']);
    const text = bench.link.events.find(({ reason }) => reason === 'ResizeStarted')?.message ?? '';
    const resources = '{"limits":{"memory":"64Mi"},"requests":{"cpu":"1"}}';
    assert.equal(text, `Pod resize started: {"containers":[{"name":"main","resources":${resources}}],"generation":2}`);
    assert.equal(condition(pod, 'PodResizeInProgress'), undefined);
  });

  it('restarts the container when its policy for that resource says so', async () => {
    await bench.start();
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const pod = await started({
      resizePolicy,
      resources: { requests: { cpu: '100m', memory: '32Mi' }, limits: { memory: '32Mi' } },
    });
    resize(pod, { cpu: '200m', memory: '32Mi' }, { memory: '32Mi' });
    await bench.until(() => shown(pod)?.resources?.requests?.['cpu'] === '200m');
    assert.equal(shown(pod)?.restartCount, 0);
    resize(pod, { cpu: '200m', memory: '32Mi' }, { memory: '48Mi' });
    await bench.until(() => shown(pod)?.restartCount === 1 && bench.isReady(pod));
    assert.equal((await running(pod))?.size?.memoryLimitBytes, 48 << 20);
    const killing = bench.link.events.find(({ reason }) => reason === 'Killing');
    assert.equal(killing?.message, 'Container main resize requires restart');
  });

  it('waits for room, and is refused what the node can never give', async () => {
    await bench.start();
    const other = await started({ resources: { requests: { cpu: '1500m' } } }, 'other');
    const pod = await started({ resources: { requests: { cpu: '100m' } } });
    resize(pod, { cpu: '3' });
    await bench.until(() => condition(pod, 'PodResizePending') !== undefined);
    const { lastTransitionTime: _time, ...infeasible } = condition(pod, 'PodResizePending') ?? {};
    assert.deepEqual(infeasible, {
      type: 'PodResizePending',
      status: 'True',
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    });
    resize(pod, { cpu: '1' });
    await bench.until(() => condition(pod, 'PodResizePending')?.reason === 'Deferred');
    assert.equal(
      condition(pod, 'PodResizePending')?.message,
      "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
    );
    assert.deepEqual(shown(pod)?.allocatedResources, { cpu: '100m' });
    assert.deepEqual(told(), ['ResizeInfeasible', 'ResizeDeferred']);
    bench.delete(other, 0);
    bench.link.desired.remove('pods', 'default', 'other');
    await bench.until(() => shown(pod)?.resources?.requests?.['cpu'] === '1');
    assert.equal(condition(pod, 'PodResizePending'), undefined);
  });

  it('shows why a container keeps its limits, and goes on when less is asked for', async () => {
    bench.runtime.programs['main'] = { usesBytes: 40 << 20 };
    await bench.start();
    const pod = await started({ resources: { requests: { cpu: '100m' }, limits: { memory: '64Mi' } } });
    resize(pod, { cpu: '100m' }, { memory: '16Mi' });
    await bench.until(() => condition(pod, 'PodResizeInProgress')?.reason === 'Error');
    assert.equal(condition(pod, 'PodResizeInProgress')?.message, 'uses more memory');
    assert.equal(shown(pod)?.resources?.limits?.['memory'], '64Mi');
    assert.equal(bench.isReady(pod), true);
    resize(pod, { cpu: '100m' }, { memory: '48Mi' });
    await bench.until(() => shown(pod)?.resources?.limits?.['memory'] === '48Mi');
    assert.equal(condition(pod, 'PodResizeInProgress'), undefined);
  });

  it('is carried out when it comes while no agent runs', async () => {
    await bench.start();
    const pod = await started({ resources: { requests: { cpu: '100m' } } });
    await bench.stop();
    resize(pod, { cpu: '300m' });
    await bench.start();
    await bench.until(() => shown(pod)?.resources?.requests?.['cpu'] === '300m');
    assert.equal((await running(pod))?.id, `${pod.metadata.uid}-main-0` as ContainerId);
    assert.equal((await running(pod))?.size?.cpuRequestMillis, 300);
  });
});
