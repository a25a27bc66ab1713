import type { ContainerSecurity } from '../../driver.ts';

/** In the kernel's order: the position is the bit. */
const known = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** What a container has unless its spec says otherwise. */
const defaults = new Set([
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
]);

/** Names with CAP_ of the bits set in a mask as /proc/<pid>/status shows it. */
export function capabilitiesOfMask(hex: string): Set<string> {
  const mask = BigInt(`0x${hex}`);
  return new Set(known.filter((_name, bit) => (mask >> BigInt(bit)) & 1n).map(prefixed));
}

/** The bounding set of a container: never more than `available`, since the runtime fails on what it cannot give. */
export function capabilitiesFor(security: ContainerSecurity, available: ReadonlySet<string>): string[] {
  const add = new Set(security.addCapabilities.map(plain));
  const drop = new Set(security.dropCapabilities.map(plain));
  const everything = security.privileged || add.has('ALL');
  return known
    .filter((name) => {
      if (security.privileged) return true;
      if (add.has(name)) return true;
      if (drop.has(name) || drop.has('ALL')) return false;
      return everything || defaults.has(name);
    })
    .map(prefixed)
    .filter((name) => available.has(name));
}

/** A capability that is named and that nobody here can give or take, with the reason; undefined when there is none. */
export function wrongCapability(security: ContainerSecurity, available: ReadonlySet<string>): string | undefined {
  const named = [...security.addCapabilities, ...security.dropCapabilities];
  const unknown = named.find((name) => plain(name) !== 'ALL' && !known.includes(plain(name)));
  if (unknown !== undefined) return `unknown capability ${JSON.stringify(unknown)}`;
  const missing = security.addCapabilities.find(
    (name) => plain(name) !== 'ALL' && !available.has(prefixed(plain(name))),
  );
  return missing === undefined ? undefined : `capability ${JSON.stringify(missing)} is not available on this node`;
}

function prefixed(name: string): string {
  return `CAP_${name}`;
}

function plain(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
