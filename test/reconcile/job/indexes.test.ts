import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatIndexes, parseIndexes } from '../../../controller/reconcile/job/indexes.ts';

describe('indexes of a Job', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
        const set = new Set(indexes);
        assert.deepEqual(parseIndexes(formatIndexes(set), 61), set);
      }),
    );
    assert.equal(formatIndexes(new Set([7, 1, 3, 4, 5])), '1,3-5,7');
    assert.equal(formatIndexes(new Set([1, 2])), '1,2');
    assert.equal(formatIndexes(new Set()), undefined);
  });

  it('leave out what is none, and are bounded by the number of completions', () => {
    assert.deepEqual([...parseIndexes('x,1-,2,-4,3-99999999999,', 5)], [2, 3, 4]);
  });
});
