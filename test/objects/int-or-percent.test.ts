import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasReason } from '../../shared/errors.ts';
import { scaleIntOrPercent } from '../../shared/objects/int-or-percent.ts';

describe('int-or-percent', () => {
  it('keeps numbers and rounds shares as told', () => {
    assert.equal(scaleIntOrPercent(3, 10, 'up'), 3);
    assert.equal(scaleIntOrPercent('25%', 10, 'up'), 3);
    assert.equal(scaleIntOrPercent('25%', 10, 'down'), 2);
    assert.equal(scaleIntOrPercent('0%', 10, 'up'), 0);
    assert.equal(scaleIntOrPercent('150%', 2, 'down'), 3);
  });

  it('refuses texts that are no percentage', () => {
    for (const text of ['3', '', '%', '-1%', '1.5%', '1 %']) {
      assert.throws(
        () => scaleIntOrPercent(text, 1, 'up'),
        (error) => hasReason(error, 'BadRequest'),
      );
    }
  });

  it('differs by at most one between up and down', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(5000), (percent, total) => {
        const up = scaleIntOrPercent(`${percent}%`, total, 'up');
        const down = scaleIntOrPercent(`${percent}%`, total, 'down');
        assert.ok(up - down === 0 || up - down === 1);
        assert.ok(down * 100 <= percent * total && up * 100 >= percent * total);
      }),
    );
  });
});
