import assert from 'node:assert/strict';
import { NodeIdentity } from '../../../agent/link/identity.ts';
import type { Pulse } from '../../../agent/link/pulse.ts';
import { createUserKey } from '../../../shared/bus/nats-user.ts';
import { subjects } from '../../../shared/bus/subjects.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { BusBench } from '../../bus/bus-bench.ts';
import { until } from '../../bus/until.ts';

describe('Pulse', function () {
  this.timeout(30_000);
  let bench: BusBench;
  let pulse: Pulse;
  const lifetime = new AbortController();
  const beats: { at: number; body: unknown }[] = [];

  before(async () => {
    bench = await BusBench.open();
    const controller = await bench.controller();
    const { seed, publicKey } = createUserKey();
    const identity = new NodeIdentity(
      { directory: bench.directory, clock: systemClock, log: silentLogger },
      {
        node: 'n1',
        urls: [bench.server.url],
        ca: bench.ca,
        seed,
        jwt: await bench.authority.issueNode('n1', publicKey),
        renewalJwt: '',
        clusterId: '',
        tokenId: '',
      },
    );
    void (async () => {
      for await (const message of controller.subscribe(subjects.heartbeat('n1'), lifetime.signal)) {
        beats.push({ at: performance.now(), body: message.json() });
      }
    })();
    await controller.flush();
    pulse = identity.startPulse();
  });
  after(async () => {
    lifetime.abort();
    await pulse.close();
    await bench.close();
  });

  it('goes on while the agent is busy, and says the newest', async () => {
    pulse.tell({ epoch: 'a', counter: 1, pods: 0 });
    await until('the first beat', () => beats.length > 0);
    pulse.tell({ epoch: 'a', counter: 2, pods: 0 });
    const before = beats.length;
    // Nothing else runs on this thread meanwhile, as in an agent with much to do.
    const end = performance.now() + 3500;
    while (performance.now() < end);
    await until('the beats of the busy time', () => beats.length >= before + 3, 500);
    assert.deepEqual(beats.at(-1)?.body, { epoch: 'a', counter: 2, pods: 0 });
    assert.ok(pulse.isRunning);
  });
});
