import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from './libc.ts';
import { run } from './run.ts';

const noIpv6 = { disable_ipv6: '1', accept_ra: '0', autoconf: '0', accept_redirects: '0' };
const noRedirects = { accept_redirects: '0', send_redirects: '0' };

/**
 * Settings of a new network namespace, by their path below /proc/sys, before it has an interface but lo: nobody from
 * outside changes its routes, and it speaks no IPv6 but on its loopback. What a pod sets itself comes after them.
 */
export const quietNamespace: readonly [path: string, value: string][] = [
  ...['all', 'default'].flatMap((name) => [
    ...settingsOf('ipv6', name, noIpv6),
    ...settingsOf('ipv4', name, noRedirects),
  ]),
  ['net/ipv6/conf/lo/disable_ipv6', '0'],
];

/** Keeps this host from learning addresses, routes and neighbours through one of its interfaces, and from IPv6 on it. */
export async function quietLink(name: string): Promise<void> {
  for (const [path, value] of [...settingsOf('ipv6', name, noIpv6), ...settingsOf('ipv4', name, noRedirects)]) {
    try {
      await writeFile(join('/proc/sys', path), value);
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error; // a kernel without IPv6
    }
  }
}

/** The settings of `quietNamespace` for a namespace that already has its eth0; gives that one's hardware address. */
export async function quietOldNamespace(pin: string): Promise<string> {
  const settings = [...quietNamespace, ...settingsOf('ipv4', 'eth0', noRedirects)].flat();
  const script = `
    while [ $# -gt 0 ]; do [ ! -e "/proc/sys/$1" ] || printf %s "$2" > "/proc/sys/$1" || exit 1; shift 2; done
    ip -j link show dev eth0`;
  const args = [`--net=${pin}`, 'sh', '-c', script, 'sh', ...settings];
  const { code, stdout, stderr } = await run('nsenter', args, { timeoutMs: 15_000 });
  if (code !== 0) throw new Error(stderr.trim());
  const [eth0] = JSON.parse(stdout) as { address: string }[];
  return eth0?.address ?? '';
}

function settingsOf(family: string, name: string, values: Record<string, string>): [string, string][] {
  return Object.entries(values).map(([key, value]) => [`net/${family}/conf/${name}/${key}`, value]);
}
