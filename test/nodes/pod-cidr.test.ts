import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allocatePodCidr } from '../../controller/nodes/pod-cidr.ts';

describe('allocatePodCidr', () => {
  it('gives the first network that is free', () => {
    assert.equal(allocatePodCidr('10.90.0.0/16', [], []), '10.90.0.0/24');
    assert.equal(allocatePodCidr('10.90.0.0/16', ['10.90.0.0/24', '10.90.2.0/24'], []), '10.90.1.0/24');
  });

  it('keeps clear of what the host routes, larger or smaller', () => {
    const routes = ['10.90.0.0/23', '10.90.2.128/25', '10.90.3.7', '0.0.0.0/0', 'fe80::/64', 'nonsense'];
    assert.equal(allocatePodCidr('10.90.0.0/16', [], routes), '10.90.4.0/24');
  });

  it('says when none is left', () => {
    assert.equal(allocatePodCidr('10.90.0.0/24', ['10.90.0.0/24'], []), undefined);
    assert.equal(allocatePodCidr('10.90.0.0/16', [], ['10.0.0.0/8']), undefined);
  });

  it('refuses a cluster network that holds no /24', () => {
    assert.throws(() => allocatePodCidr('10.90.0.0/25', [], []));
    assert.throws(() => allocatePodCidr('fd00::/64', [], []));
  });

  it('never gives one network twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 24 }), fc.array(fc.nat(255), { maxLength: 20 }), (prefix, routed) => {
        const routes = routed.map((third) => `10.90.${third}.0/24`);
        const taken: string[] = [];
        for (let next = allocatePodCidr(`10.90.0.0/${prefix}`, taken, routes); next !== undefined;) {
          assert.ok(!taken.includes(next) && !routes.includes(next));
          taken.push(next);
          next = allocatePodCidr(`10.90.0.0/${prefix}`, taken, routes);
        }
        const inside = new Set(routed.filter((third) => third < 2 ** (24 - prefix)));
        assert.equal(taken.length, 2 ** (24 - prefix) - inside.size);
      }),
      { numRuns: 20 },
    );
  });
});
