import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AddressPool } from '../../../agent/network/address-pool.ts';
import { checkHostPorts, hostPortsOf } from '../../../agent/network/host-ports.ts';
import { ruleText } from '../../../agent/network/rules.ts';
import { hasReason } from '../../../shared/errors.ts';

describe('AddressPool', () => {
  it('keeps range, gateway and broadcast for itself', () => {
    const pool = new AddressPool('10.9.8.7/29');
    assert.equal(pool.gateway, '10.9.8.1');
    const taken = ['a', 'b', 'c', 'd', 'e'].map((owner) => pool.take(owner));
    assert.deepEqual(taken, ['10.9.8.2', '10.9.8.3', '10.9.8.4', '10.9.8.5', '10.9.8.6']);
    assert.throws(
      () => pool.take('f'),
      (error) => hasReason(error, 'ServiceUnavailable'),
    );
  });

  it('gives a released address out again last', () => {
    const pool = new AddressPool('10.0.0.0/28');
    const first = pool.take('a');
    pool.release('a');
    const next = Array.from({ length: 12 }, (_, index) => pool.take(`n${String(index)}`));
    assert.ok(!next.includes(first));
    assert.equal(pool.take('last'), first);
  });

  it('never gives one address to two owners, over restarts too', () => {
    const step = fc.record({ owner: fc.nat(9).map(String), take: fc.boolean(), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let pool = new AddressPool('10.0.0.0/28');
        for (const { owner, take, restart } of steps) {
          if (restart) pool = new AddressPool('10.0.0.0/28', pool.state);
          if (take) pool.take(owner);
          else pool.release(owner);
          const addresses = Object.values(pool.state.owned);
          assert.equal(new Set(addresses).size, addresses.length);
          assert.ok(
            !addresses.includes('10.0.0.0') && !addresses.includes('10.0.0.1') && !addresses.includes('10.0.0.15'),
          );
        }
      }),
    );
  });

  it('refuses what is no range', () => {
    for (const range of ['10.0.0.0', '10.0.0/24', '10.0.0.0/31', '10.0.0.256/24', 'fd00::/64']) {
      assert.throws(
        () => new AddressPool(range),
        (error) => hasReason(error, 'BadRequest'),
      );
    }
  });
});

describe('host ports', () => {
  const tcp = (hostPort: number, hostIP = '') => ({ containerPort: 80, hostPort, hostIP, protocol: 'TCP' as const });

  it('collide on the same port, protocol and address', () => {
    const taken = hostPortsOf('a', '10.0.0.2', [tcp(80, '192.0.2.1')]);
    const collides = (port: ReturnType<typeof tcp>): boolean => {
      try {
        checkHostPorts(hostPortsOf('b', '10.0.0.3', [port]), taken);
        return false;
      } catch (error) {
        return hasReason(error, 'Conflict');
      }
    };
    assert.equal(collides(tcp(80)), true);
    assert.equal(collides(tcp(80, '0.0.0.0')), true);
    assert.equal(collides(tcp(80, '192.0.2.1')), true);
    assert.equal(collides(tcp(80, '192.0.2.2')), false);
    assert.equal(collides(tcp(81)), false);
  });

  it('are left out where there is none', () => {
    assert.deepEqual(hostPortsOf('a', '10.0.0.2', [tcp(0)]), []);
  });

  it('cannot bring anything but an address into the rules', () => {
    const evil = hostPortsOf('a', '10.0.0.2', [tcp(80, '1.2.3.4 } drop')]);
    assert.throws(
      () => checkHostPorts(evil, []),
      (error) => hasReason(error, 'BadRequest'),
    );
    const ports = hostPortsOf('a', '10.0.0.2', [tcp(80)]);
    const rules = { table: 't', bridge: 'b', podCIDR: '10.0.0.0/24', ports, api: undefined };
    assert.match(ruleText(rules), /tcp \. 80 : 10\.0\.0\.2 \. 80/);
  });
});
