import { ApiError } from '../../../shared/errors.ts';
import type { SandboxConfig } from '../driver.ts';

const ipcNames = /^(kernel[./](shm[a-z_]+|msg[a-z_]+|sem)|fs[./]mqueue[./][a-z_]+)$/;
const netNames = /^net[./][A-Za-z0-9_./-]+$/;

/**
 * The kernel settings of a sandbox's own namespaces. Throws BadRequest for one that would change the host: names lead
 * into /proc/sys and only these belong to a namespace.
 */
export function sandboxSysctls(
  config: Pick<SandboxConfig, 'sysctls' | 'hostNetwork' | 'hostIpc'>,
): Record<string, string> {
  for (const name of Object.keys(config.sysctls)) {
    const isNet = netNames.test(name) && !name.split(/[./]/).includes('');
    const isIpc = ipcNames.test(name);
    if (!isNet && !isIpc) throw new ApiError('BadRequest', `sysctl "${name}" does not belong to a pod`);
    if (isNet && config.hostNetwork)
      throw new ApiError('BadRequest', `sysctl "${name}" needs a network of the pod's own`);
    if (isIpc && config.hostIpc)
      throw new ApiError('BadRequest', `sysctl "${name}" needs an ipc namespace of the pod's own`);
  }
  if (config.hostNetwork) return config.sysctls;
  // Ports below 1024 are nothing special inside a pod: then hardly anything needs NET_BIND_SERVICE.
  return { 'net.ipv4.ip_unprivileged_port_start': '0', ...config.sysctls };
}
