import assert from 'node:assert/strict';
import { Joins } from '../../controller/nodes/joins.ts';
import { hasReason } from '../../shared/errors.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

describe('the rate of joins', () => {
  it('is open again when a flood is over, however long that was', async () => {
    const clock = new ManualClock();
    const joins = new Joins({ clock } as unknown as ConstructorParameters<typeof Joins>[0]);
    const isLimited = (): boolean => {
      try {
        void joins.join('x', {});
        return false;
      } catch (error) {
        return hasReason(error, 'TooManyRequests');
      }
    };
    for (let count = 0; count < 10_000; count += 1) isLimited();
    assert.ok(isLimited());
    await clock.advance(1000);
    assert.ok(!isLimited());
  });
});
