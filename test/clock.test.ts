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
});
