import assert from 'node:assert/strict';
import { systemClock } from '../shared/clock.ts';

describe('the system clock', () => {
  it('sleeps until a time that has come already, without a word', async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error): unknown => warnings.push(name);
    process.on('warning', listen);
    await systemClock.sleep(-5);
    await systemClock.sleep(1);
    process.off('warning', listen);
    assert.deepEqual(warnings, []);
  });

  it('does not end a sleep of months at once, which would make a busy loop of whoever waits', async () => {
    const months = 10_000_000_000;
    const stop = new AbortController();
    const ends = [2 ** 31, months, Infinity].map((ms) => systemClock.sleep(ms, stop.signal).then(() => ms));
    const first = await Promise.race([...ends, systemClock.sleep(50)]);
    stop.abort();
    await Promise.allSettled(ends);
    assert.equal(first, undefined);
  });
});
