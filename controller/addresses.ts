import { hostname, networkInterfaces } from 'node:os';
import type { Address } from '../shared/settings.ts';

const everywhere = new Set(['0.0.0.0', '::']);

/** Names and addresses under which a listener can be reached: what its certificate covers. */
export function reachableNames({ host }: Address): string[] {
  const own = everywhere.has(host) ? interfaceAddresses() : [host];
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), ...own])];
}

/** URLs for other machines; for this one alone when the listener is on loopback. */
export function reachableUrls(scheme: string, { host, port }: Address): string[] {
  const hosts = everywhere.has(host) ? interfaceAddresses() : [host];
  return (hosts.length === 0 ? ['127.0.0.1'] : hosts).map((name) => `${scheme}://${bracket(name)}:${port}`);
}

/** The address for other machines; loopback when there is none. */
export function reachableAddress({ host }: Address): string {
  return everywhere.has(host) ? (interfaceAddresses()[0] ?? '127.0.0.1') : host;
}

/** The URL for this machine. */
export function localUrl(scheme: string, { host, port }: Address): string {
  return `${scheme}://${bracket(everywhere.has(host) ? '127.0.0.1' : host)}:${port}`;
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
