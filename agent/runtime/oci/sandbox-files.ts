import { readFile } from 'node:fs/promises';
import { hostname as hostHostname } from 'node:os';
import { writeAtomic } from '../../host/files.ts';
import type { SandboxConfig } from '../driver.ts';

const readableByAll = 0o644;

interface FilePaths {
  hosts: string;
  hostname: string;
  resolvConf: string;
}

/** The name programs in the sandbox see. */
export function hostnameOf(config: SandboxConfig): string {
  return config.hostNetwork ? hostHostname() : config.hostname;
}

/** Writes /etc/hosts, /etc/hostname and /etc/resolv.conf of a sandbox. */
export async function writeSandboxFiles(paths: FilePaths, config: SandboxConfig, ip: string): Promise<void> {
  await Promise.all([
    hostsText(config, ip).then((text) => writeAtomic(paths.hosts, text, readableByAll)),
    writeAtomic(paths.hostname, `${hostnameOf(config)}\n`, readableByAll),
    resolvText(config).then((text) => writeAtomic(paths.resolvConf, text, readableByAll)),
  ]);
}

async function hostsText(config: SandboxConfig, ip: string): Promise<string> {
  const aliases = config.hostAliases.map((alias) => `${alias.ip}\t${alias.hostnames.join('\t')}`);
  if (config.hostNetwork) {
    const own = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n');
    return [own.trimEnd(), ...aliases, ''].join('\n');
  }
  return [
    '# Written by Berth.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    `${ip}\t${config.hostname}`,
    ...aliases,
    '',
  ].join('\n');
}

/** The host's own resolver where the sandbox names none; never the stub that listens on the host's loopback. */
async function resolvText({ dns, hostNetwork }: SandboxConfig): Promise<string> {
  if (dns.servers.length + dns.searches.length + dns.options.length > 0) {
    return [
      ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
      ...dns.servers.map((server) => `nameserver ${server}`),
      ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
      '',
    ].join('\n');
  }
  const own = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  if (hostNetwork || !/^nameserver\s+127\.0\.0\.53\s*$/m.test(own)) return own;
  return readFile('/run/systemd/resolve/resolv.conf', 'utf8').catch(() => own);
}
