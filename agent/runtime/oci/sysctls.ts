import { ApiError } from '../../../shared/errors.ts';
import { normalizeSysctl, sysctlNamespace } from '../../../shared/objects/sysctls.ts';
import type { SandboxConfig } from '../driver.ts';

/**
 * The kernel settings of a sandbox's own namespaces. Throws BadRequest for one that would change the host: names lead
 * into /proc/sys and only these belong to a namespace.
 */
export function sandboxSysctls(
  config: Pick<SandboxConfig, 'sysctls' | 'hostNetwork' | 'hostIpc'>,
): Record<string, string> {
  for (const name of Object.keys(config.sysctls)) {
    const namespace = /^[A-Za-z0-9_./-]+$/.test(name) ? sysctlNamespace(name) : undefined;
    const isPath = !name.split(/[./]/).includes('');
    if (namespace === undefined || !isPath)
      throw new ApiError('BadRequest', `sysctl "${name}" does not belong to a pod`);
    if (namespace === 'net' && config.hostNetwork)
      throw new ApiError('BadRequest', `sysctl "${name}" needs a network of the pod's own`);
    if (namespace === 'ipc' && config.hostIpc)
      throw new ApiError('BadRequest', `sysctl "${name}" needs an ipc namespace of the pod's own`);
  }
  const sysctls = Object.fromEntries(
    Object.entries(config.sysctls).map(([name, value]) => [normalizeSysctl(name), value]),
  );
  if (config.hostNetwork) return sysctls;
  // Ports below 1024 are nothing special inside a pod: then hardly anything needs NET_BIND_SERVICE.
  return { 'net.ipv4.ip_unprivileged_port_start': '0', ...sysctls };
}
