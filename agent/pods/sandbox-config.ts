import { ApiError } from '../../shared/errors.ts';
import type { Pod, PodSpec, Stored } from '../../shared/objects/types.ts';
import type { PodIdentity, PortMapping, SandboxConfig } from '../runtime/driver.ts';
import { specOf } from './pod-view.ts';

export type Dns = SandboxConfig['dns'];

export interface SandboxFacts {
  attempt: number;
  logDirectory: string;
  nodeHostname: string;
  /** The host's own resolver settings. */
  hostDns: Dns;
}

export function identityOf({ metadata }: Stored<Pod>): PodIdentity {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid };
}

/** Everything a runtime needs to make a sandbox. Throws Forbidden for what only another kind of node can run. */
export function sandboxConfig(pod: Stored<Pod>, facts: SandboxFacts): SandboxConfig {
  const spec = specOf(pod);
  refuseOtherRuntimes(spec);
  const hostNetwork = spec.hostNetwork ?? false;
  const sysctls = spec.securityContext?.sysctls ?? [];
  return {
    pod: identityOf(pod),
    attempt: facts.attempt,
    hostname: hostNetwork ? facts.nodeHostname : hostnameOf(pod),
    logDirectory: facts.logDirectory,
    hostNetwork,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    sharePid: spec.shareProcessNamespace ?? false,
    dns: dnsOf(pod, facts.hostDns),
    hostAliases: (spec.hostAliases ?? []).map(({ ip, hostnames }) => ({ ip: ip ?? '', hostnames: hostnames ?? [] })),
    ports: hostNetwork ? [] : hostPortsOf(pod),
    hostUsers: spec.hostUsers ?? true,
    sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])),
  };
}

/** All pods of this node run by the runtime that the node has. */
function refuseOtherRuntimes({ runtimeClassName }: PodSpec): void {
  if (runtimeClassName === undefined || runtimeClassName === '') return;
  const problem = `no runtime for RuntimeClass ${JSON.stringify(runtimeClassName)} is configured on this node`;
  throw new ApiError('Forbidden', `${problem}: leave runtimeClassName out for the one that it has`);
}

/** A host name has at most 63 characters and ends in a letter or a digit. */
export function hostnameOf(pod: Stored<Pod>): string {
  return (specOf(pod).hostname ?? pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '');
}

function hostPortsOf(pod: Stored<Pod>): PortMapping[] {
  const { containers, initContainers = [] } = specOf(pod);
  return [...containers, ...initContainers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ containerPort, hostPort, hostIP, protocol = 'TCP' }): PortMapping[] => {
      if (hostPort === undefined || hostPort === 0) return [];
      const mapping: PortMapping = { containerPort, hostPort, protocol: protocol as PortMapping['protocol'] };
      return [hostIP === undefined || hostIP === '' ? mapping : { ...mapping, hostIP }];
    }),
  );
}

/** Without a cluster resolver all policies but `None` mean the host's settings; `dnsConfig` adds to them. */
function dnsOf(pod: Stored<Pod>, hostDns: Dns): Dns {
  const { dnsPolicy, dnsConfig = {} } = specOf(pod);
  const base = dnsPolicy === 'None' ? { servers: [], searches: [], options: [] } : hostDns;
  const options = (dnsConfig.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  const added = new Set(options.map((option) => option.split(':')[0]));
  return {
    servers: [...base.servers, ...(dnsConfig.nameservers ?? [])],
    searches: [...base.searches, ...(dnsConfig.searches ?? [])],
    options: [...base.options.filter((option) => !added.has(option.split(':')[0])), ...options],
  };
}
