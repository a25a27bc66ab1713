import { BlockList, isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import { invalid } from './causes.ts';
import type { FormatCheck } from './formats.ts';

interface Network {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8`; undefined for anything else. */
function readNetwork(text: string): Network | undefined {
  const [, address = '', digits = ''] = /^([0-9A-Fa-f.:]{2,45})\/([0-9]{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** A block of addresses. */
export const networkBlock: FormatCheck = (value = '', field) => {
  const detail = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
  return readNetwork(value.trim()) ? [] : [invalid(field, value, detail)];
};

/** Whether one block lies in the other and is smaller; false when one of them is no block. */
export function isWithinBlock(inner: string, outer: string): boolean {
  const [part, whole] = [readNetwork(inner.trim()), readNetwork(outer.trim())];
  if (!part || !whole || part.family !== whole.family || part.prefix <= whole.prefix) return false;
  const block = new BlockList();
  block.addSubnet(whole.address, whole.prefix, whole.family);
  return block.check(part.address, part.family);
}

const special = new BlockList();
special.addSubnet('127.0.0.0', 8, 'ipv4');
special.addAddress('0.0.0.0', 'ipv4');
special.addSubnet('169.254.0.0', 16, 'ipv4');
special.addSubnet('224.0.0.0', 24, 'ipv4');
special.addAddress('::', 'ipv6');
special.addAddress('::1', 'ipv6');
special.addSubnet('fe80::', 10, 'ipv6');
special.addSubnet('ff02::', 16, 'ipv6');

/** Addresses that mean another machine on every machine, or none. */
export function reachableCauses(ip: string, field: string): Cause[] {
  const version = isIP(ip);
  if (version === 0 || !special.check(ip, version === 4 ? 'ipv4' : 'ipv6')) return [];
  return [invalid(field, ip, 'may not be unspecified, in the loopback range or link-local')];
}
