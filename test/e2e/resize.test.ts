import assert from 'node:assert/strict';
import type { Kubectl } from '../api/kubectl.ts';
import { needsLimit } from '../support/needs-limit.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { idle, shellPod } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

describe('kubectl patch --subresource resize', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;

  before(async function () {
    await needsLimit(this, 'memory');
    ({ cluster, kubectl } = await openToolsCluster(this));
    const resources = { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } };
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    await cluster.create(
      shellPod('live', idle, {}, { resources }),
      shellPod('again', idle, {}, { resources, resizePolicy }),
    );
    for (const name of ['live', 'again']) await cluster.untilPod(name, 'is ready', isReady);
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  const resize = async (pod: string, resources: object): Promise<string> => {
    const patch = JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } });
    return kubectl.ok(`patch pod ${pod} --subresource resize -p '${patch}'`);
  };
  /** As a program in the pod reads it. */
  const limitIn = async (pod: string): Promise<string> => {
    const script = 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
    return (await kubectl.run(['exec', pod, '--', 'sh', '-c', script])).stdout.trim();
  };

  it('gives a running container more memory', async () => {
    assert.match(await resize('live', { limits: { memory: '64Mi' } }), /pod\/live patched/);
    const pod = await cluster.untilPod('live', 'has the memory', ({ status }) => {
      return status?.containerStatuses?.[0]?.resources?.limits?.['memory'] === '64Mi';
    });
    assert.equal(await limitIn('live'), String(64 << 20));
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0);
    assert.match(await kubectl.ok('describe pod live'), /ResizeCompleted/);
  });

  it('restarts a container that wants it so', async () => {
    await resize('again', { limits: { memory: '48Mi' } });
    await cluster.untilPod('again', 'runs again', (pod) => {
      return pod.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(pod);
    });
    await until(async () => (await limitIn('again')) === String(48 << 20), 'it has the memory');
  });

  it('says what the node can never give', async () => {
    await resize('live', { requests: { cpu: '1000' } });
    const pod = await cluster.untilPod('live', 'is told', ({ status }) => {
      return status?.conditions?.some(({ type }) => type === 'PodResizePending') === true;
    });
    const pending = pod.status?.conditions?.find(({ type }) => type === 'PodResizePending');
    assert.equal(pending?.reason, 'Infeasible');
    assert.match(pending?.message ?? '', /^Node didn't have enough capacity: cpu, requested: 1000000, capacity: \d+$/);
    await resize('live', { requests: { cpu: '20m' } });
    await cluster.untilPod('live', 'has what it asks for', ({ status }) => {
      return (
        status?.containerStatuses?.[0]?.resources?.requests?.['cpu'] === '20m' &&
        status.conditions?.some(({ type }) => type === 'PodResizePending') === false
      );
    });
  });
});
