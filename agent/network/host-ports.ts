import { ApiError } from '../../shared/errors.ts';
import type { PortMapping } from '../runtime/driver.ts';

/** A port of this node that leads into a sandbox. */
export interface HostPort {
  owner: string;
  /** Address of the node it is bound to; '' for all. */
  hostIP: string;
  hostPort: number;
  protocol: PortMapping['protocol'];
  podIP: string;
  containerPort: number;
}

/** The mappings with a port on the node, for one sandbox. */
export function hostPortsOf(owner: string, podIP: string, ports: readonly PortMapping[]): HostPort[] {
  return ports
    .filter(({ hostPort }) => hostPort > 0)
    .map(({ hostPort, containerPort, protocol, hostIP = '' }) => ({
      owner,
      hostPort,
      containerPort,
      protocol,
      podIP,
      hostIP: hostIP === '0.0.0.0' ? '' : hostIP,
    }));
}

/** Throws Conflict for a port that another sandbox has on the same address, BadRequest for what is no IPv4 address. */
export function checkHostPorts(wanted: readonly HostPort[], taken: readonly HostPort[]): void {
  for (const port of wanted) {
    if (port.hostIP !== '' && !/^\d{1,3}(\.\d{1,3}){3}$/.test(port.hostIP)) {
      throw new ApiError('BadRequest', `host address "${port.hostIP}" is no IPv4 address`);
    }
    const other = taken.find((candidate) => candidate.owner !== port.owner && collides(candidate, port));
    if (other !== undefined) {
      const name = `${port.protocol} ${port.hostIP === '' ? '' : `${port.hostIP}:`}${String(port.hostPort)}`;
      throw new ApiError('Conflict', `host port ${name} is taken by another pod on this node`);
    }
  }
}

function collides(one: HostPort, other: HostPort): boolean {
  const sameAddress = one.hostIP === '' || other.hostIP === '' || one.hostIP === other.hostIP;
  return sameAddress && one.protocol === other.protocol && one.hostPort === other.hostPort;
}
