import { readFile } from 'node:fs/promises';
import type { Dns } from './sandbox-config.ts';

/** Where a resolver that listens on the host's loopback says what it asks itself. */
const upstreamFiles = ['/run/systemd/resolve/resolv.conf'];

/** The host's resolver settings as pods can use them: name servers on the host's loopback are none to them. */
export async function readHostDns(path = '/etc/resolv.conf', others: readonly string[] = upstreamFiles): Promise<Dns> {
  for (const file of [path, ...others]) {
    const dns = parseResolvConf(await readFile(file, 'utf8').catch(() => ''));
    const servers = dns.servers.filter((server) => !server.startsWith('127.') && server !== '::1');
    if (servers.length > 0) return { ...dns, servers };
  }
  return { servers: [], searches: [], options: [] };
}

/** Reads the text of a resolv.conf. */
export function parseResolvConf(text: string): Dns {
  const dns: Dns = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().split(/\s+/);
    if (word === 'nameserver' && values[0] !== undefined) dns.servers.push(values[0]);
    if (word === 'search' || word === 'domain') dns.searches = values;
    if (word === 'options') dns.options.push(...values);
  }
  return dns;
}
