import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { EventLoopDelay } from '../../controller/metrics/process.ts';
import { Scope } from '../../shared/scope.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

describe('the delay of the event loop', () => {
  it('is the worst of the last half minute, and is forgotten after that', async () => {
    const clock = new ManualClock();
    const registry = new Registry();
    const scope = new Scope('test');
    let stuckMs = 0;
    // A sleep that is over when the main thread gets to it.
    const late = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms + stuckMs, signal),
    };
    const delay = new EventLoopDelay(late, registry);
    let ticks = 0;
    delay.run(scope, () => (ticks += 1));
    await clock.advance(5_000);
    assert.deepEqual([delay.worstMs, ticks], [0, 6]);
    stuckMs = 8_000;
    await clock.advance(10_000);
    stuckMs = 0;
    await clock.advance(5_000);
    assert.equal(delay.worstMs, 8_000);
    assert.match(await registry.metrics(), /^berth_event_loop_delay_seconds 8$/m);
    await clock.advance(45_000);
    assert.equal(delay.worstMs, 0);
    await scope.close();
  });
});
