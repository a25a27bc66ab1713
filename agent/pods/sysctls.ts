import { normalizeSysctl, sysctlNamespace } from '../../shared/objects/sysctls.ts';
import type { PodSpec } from '../../shared/objects/types.ts';

/** Settings that concern nobody but the pod: allowed everywhere. */
const safe: readonly string[] = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

/** Why the pod may not have the kernel settings it asks for, as a kubelet says it; undefined when it may. */
export function forbiddenSysctl(spec: PodSpec, allowed: readonly string[] = []): string | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const normal = normalizeSysctl(name);
    const quoted = JSON.stringify(normal);
    if (![...safe, ...allowed].some((pattern) => matches(normal, pattern))) return `${quoted} not allowlisted`;
    const namespace = sysctlNamespace(normal);
    const isShared = namespace === 'net' ? spec.hostNetwork : spec.hostIPC;
    if (isShared) return `${quoted} not allowed with host ${namespace} enabled`;
  }
  return undefined;
}

function matches(name: string, pattern: string): boolean {
  const normal = normalizeSysctl(pattern);
  return normal.endsWith('*') ? name.startsWith(normal.slice(0, -1)) : name === normal;
}
