import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Registry } from 'prom-client';
import { MetricsListener } from '../../controller/metrics/listener.ts';
import { Samples } from '../../controller/metrics/samples.ts';
import { registerStateMetrics } from '../../controller/metrics/state-metrics.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { SamplesRequest } from '../../shared/bus/messages.ts';
import { silentLogger } from '../../shared/log.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aPod } from '../objects.ts';

function aSample(): SamplesRequest {
  const pod = { namespace: 'default', pod: 'web', uid: 'u1' };
  return {
    at: 0,
    containers: [{ ...pod, container: 'main', cpuSeconds: 1.5, workingSetBytes: 4096, startedAt: 1000 }],
    pods: [{ ...pod, receivedBytes: 10, sentBytes: 20 }],
    node: { cpuSeconds: 100, workingSetBytes: 1e9, filesystemUsedBytes: 1, filesystemSizeBytes: 2 },
  };
}

describe('metrics', () => {
  it('labels container series with namespace, pod, container and node', async () => {
    const registry = new Registry();
    new Samples(new ManualClock(), registry).ingest('n1', aSample());
    const text = await registry.metrics();
    assert.match(
      text,
      /container_cpu_usage_seconds_total\{namespace="default",pod="web",container="main",node="n1"\} 1.5/,
    );
    assert.match(text, /container_network_transmit_bytes_total\{namespace="default",pod="web",node="n1"\} 20/);
  });

  it('forgets a node that has been silent for a minute', async () => {
    const registry = new Registry();
    const clock = new ManualClock();
    new Samples(clock, registry).ingest('n1', aSample());
    await clock.advance(61_000);
    assert.doesNotMatch(await registry.metrics(), /node="n1"/);
  });

  it('counts the restarts of a container that is not running too', async () => {
    const registry = new Registry();
    const state = await openSqliteStore(':memory:');
    const store = await openStore(state, new ManualClock());
    const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
    const main = { name: 'main', restartCount: 3, state: waiting, ready: false, image: 'hello:1', imageID: '' };
    const pod = aPod({ nodeName: 'n1' });
    await store.create('pods', { ...pod, status: { ...pod.status, containerStatuses: [main] } });
    registerStateMetrics(store, registry);
    const text = await registry.metrics();
    await state.close();
    assert.match(
      text,
      /kube_pod_container_status_restarts_total\{namespace="default",pod="web",node="n1",container="main"\} 3/,
    );
  });

  it('passes promtool check metrics', async () => {
    const registry = new Registry();
    const clock = new ManualClock();
    new Samples(clock, registry).ingest('n1', aSample());
    const state = await openSqliteStore(':memory:');
    const store = await openStore(state, clock);
    await store.create('pods', aPod());
    registerStateMetrics(store, registry);
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.end(await registry.metrics());
    const [code] = (await once(child, 'close')) as [number];
    await state.close();
    assert.equal(output, '');
    assert.equal(code, 0);
  });

  it('wants a token when it listens beyond loopback', async () => {
    const listener = new MetricsListener({
      registry: new Registry(),
      log: silentLogger,
      isAllowed: (token) => token === 'good',
    });
    const { port } = await listener.listen({ host: '0.0.0.0', port: 0 });
    const get = (path: string, token?: string): Promise<number> =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      }).then(({ status }) => status);
    try {
      assert.deepEqual(
        [
          await get('/metrics'),
          await get('/metrics', 'bad'),
          await get('/metrics', 'good'),
          await get('/healthz'),
          await get('/x'),
        ],
        [401, 401, 200, 200, 404],
      );
    } finally {
      await listener.close();
    }
  });
});
