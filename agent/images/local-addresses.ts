import { lookup as resolve } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { RegistryError } from './registry-errors.ts';

const local = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  local.addSubnet(network, prefix, 'ipv4');
}
for (const address of ['::', '::1']) local.addAddress(address, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');

/** A registry that is elsewhere leads to this machine or its link. */
export class LocalAddressError extends RegistryError {
  constructor(host: string) {
    const why = 'an address of this machine or of its link, to which only a registry that is there itself may lead';
    super('ErrImagePull', `the registry leads to ${host}: ${why}`);
  }
}

/** Loopback and link-local addresses: what answers there answers to this machine, not to the world. */
export function isLocalAddress(address: string): boolean {
  return local.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** True for such an address, and for a name that has one. */
export async function isLocalHost(url: URL): Promise<boolean> {
  const host = hostOf(url);
  if (isIP(host) !== 0) return isLocalAddress(host);
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => isLocalAddress(address));
}

/** Throws LocalAddressError for the URL of such an address; a name is for `lookupElsewhere` to judge, when it is resolved. */
export function refuseLocalAddress(url: URL): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && isLocalAddress(host)) throw new LocalAddressError(host);
}

/** Resolves names for connections, but not to local addresses. What the environment names as a proxy is the admin's choice. */
export const lookupElsewhere: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, options, (error, address, family) => {
    const found = Array.isArray(address) ? address : [{ address, family: family ?? 0 }];
    const isRefused = error === null && !isProxy(hostname) && found.some((one) => isLocalAddress(one.address));
    if (isRefused) callback(new LocalAddressError(hostname), address, family);
    else callback(error, address, family);
  });
};

function isProxy(hostname: string): boolean {
  const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
  const urls = names.map((name) => process.env[name] ?? '').filter((url) => URL.canParse(url));
  return urls.some((url) => new URL(url).hostname === hostname);
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
