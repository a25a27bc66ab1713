import assert from 'node:assert/strict';
import { busySeconds, usedMemory } from '../../../agent/metrics/node-usage.ts';
import { Sampler } from '../../../agent/metrics/sampler.ts';
import type { ContainerConfig, SandboxConfig } from '../../../agent/runtime/driver.ts';
import { messageOf } from '../../../shared/errors.ts';
import { silentLogger } from '../../../shared/log.ts';
import { Scope } from '../../../shared/scope.ts';
import { FakeLink } from '../../fakes/fake-link.ts';
import { FakeRuntime } from '../../fakes/fake-runtime.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { until } from '../../support/until.ts';

describe('Sampler', () => {
  it('sends what each running container, its pod and the node use, every ten seconds', async () => {
    const clock = new ManualClock();
    const runtime = new FakeRuntime(clock);
    const link = new FakeLink();
    const pod = { namespace: 'default', name: 'web', uid: 'u1' };
    const sandbox = await runtime.runSandbox({ pod, attempt: 0, hostNetwork: false } as SandboxConfig);
    const config = {
      sandbox: sandbox.id,
      pod,
      name: 'main',
      attempt: 3,
      image: 'hello:1',
      imageId: 'i',
      resources: { cpuRequestMillis: 0 },
    } as ContainerConfig;
    await runtime.startContainer(await runtime.createContainer(config));
    const scope = new Scope('metrics');
    const sampler = new Sampler({ driver: runtime, link, paths: { data: '/tmp' }, clock, log: silentLogger });
    scope.spawn(
      (signal) => sampler.run(signal),
      (error) => assert.fail(messageOf(error)),
    );
    // What the host says takes real time: the clock stands until it is there.
    for (const taken of [1, 2]) {
      await until(() => link.samples.length === taken, `sample ${taken} is sent`);
      await clock.advance(9999);
      assert.equal(link.samples.length, taken);
      await clock.advance(1);
    }
    await scope.close();
    const [first, second] = link.samples;
    assert.equal((second?.at ?? 0) - (first?.at ?? 0), 10_000);
    const owner = { namespace: 'default', pod: 'web', uid: 'u1' };
    const usage = { container: 'main', cpuSeconds: 1, workingSetBytes: 1 << 20 };
    assert.deepEqual(first?.containers, [{ ...owner, ...usage, startedAt: Date.parse('2026-01-01T00:00:00Z') }]);
    assert.deepEqual(first?.pods, [{ ...owner, receivedBytes: 10, sentBytes: 20 }]);
    assert.ok((first?.node.filesystemSizeBytes ?? 0) > 0);
  });
});

describe('node usage', () => {
  it('counts busy time of all cores, guests once and idle not', () => {
    assert.equal(busySeconds('cpu  100 200 300 9999 9999 1 2 3 50 50\ncpu0 1 1 1 1\n'), 6.06);
  });

  it('counts memory that is not available', () => {
    assert.equal(usedMemory('MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n'), 600 * 1024);
  });
});
