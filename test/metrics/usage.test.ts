import assert from 'node:assert/strict';
import { UsageWindows } from '../../controller/metrics/usage.ts';
import type { SamplesRequest } from '../../shared/bus/messages.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

interface Point {
  at: number;
  cpuSeconds: number;
  startedAt?: number;
}

function aSample({ at, cpuSeconds, startedAt = 1_000 }: Point): SamplesRequest {
  const pod = { namespace: 'default', pod: 'web', uid: 'u1' };
  return {
    at,
    containers: [{ ...pod, container: 'main', cpuSeconds, workingSetBytes: 4096, startedAt }],
    pods: [],
    node: { cpuSeconds: cpuSeconds * 2, workingSetBytes: 8192, filesystemUsedBytes: 1, filesystemSizeBytes: 2 },
  };
}

describe('UsageWindows', () => {
  let clock: ManualClock;
  let usage: UsageWindows;

  beforeEach(() => {
    clock = new ManualClock();
    usage = new UsageWindows(clock);
  });

  const send = (...points: Point[]): void => points.forEach((point) => usage.ingest('n1', aSample(point)));
  const main = () => usage.pods().get('u1')?.[0];

  it('compares the two newest samples of a node', () => {
    send({ at: 100_000, cpuSeconds: 5 }, { at: 110_000, cpuSeconds: 6 }, { at: 120_000, cpuSeconds: 11 });
    assert.deepEqual(main(), { name: 'main', at: 120_000, windowMs: 10_000, cpu: 0.5, memoryBytes: 4096 });
    assert.deepEqual(usage.node('n1'), { at: 120_000, windowMs: 10_000, cpu: 1, memoryBytes: 8192 });
    assert.equal(usage.node('n2'), undefined);
  });

  it('says nothing of what ran before it was measured the first time', () => {
    send({ at: 100_000, cpuSeconds: 5 });
    assert.deepEqual([main(), usage.node('n1')], [undefined, undefined]);
  });

  it('measures a new container from its start, and a restarted one as a new one', () => {
    send({ at: 100_000, cpuSeconds: 50 }, { at: 110_000, cpuSeconds: 1, startedAt: 106_000 });
    assert.deepEqual([main()?.cpu, main()?.windowMs], [0.25, 4_000]);
  });

  it('keeps comparing with the sample before when two come at once or the clock of the node is set back', () => {
    send({ at: 100_000, cpuSeconds: 5 }, { at: 110_000, cpuSeconds: 6 }, { at: 110_010, cpuSeconds: 6 });
    assert.equal(main()?.windowMs, 10_010);
    send({ at: 50_000, cpuSeconds: 7 });
    assert.equal(main(), undefined);
    send({ at: 60_000, cpuSeconds: 8 });
    assert.equal(main()?.cpu, 0.1);
  });

  it('forgets a node that has been silent for a minute', async () => {
    send({ at: 100_000, cpuSeconds: 5 }, { at: 110_000, cpuSeconds: 6 });
    await clock.advance(61_000);
    assert.deepEqual([usage.node('n1'), usage.pods().size], [undefined, 0]);
  });
});
