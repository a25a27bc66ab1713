import { isDeepStrictEqual } from 'node:util';
import type { Service, ServiceSpec } from '../types.ts';

const isNamed = ({ type }: ServiceSpec): boolean => type === 'ExternalName';
const isOnNodes = ({ type }: ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer';
const isBalanced = ({ type }: ServiceSpec): boolean => type === 'LoadBalancer';

/**
 * What was given out to a Service stays with it when a change does not mention it, and what goes with a type goes with
 * that type, unless the change sets it anew.
 */
export function settleService({ spec }: Service, { spec: old }: Service): void {
  if (!spec || !old) return;
  keepAddresses(spec, old);
  keepNodePorts(spec, old);
  if (isNamed(spec) && !isNamed(old)) {
    drop(spec, old, ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']);
  }
  if (isOnNodes(old) && !isOnNodes(spec)) {
    drop(spec, old, ['externalTrafficPolicy']);
    const wasGiven = new Set(old.ports?.map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (wasGiven.has(port.nodePort)) delete port.nodePort;
  }
  if (isBalanced(old) && !isBalanced(spec)) {
    drop(spec, old, ['healthCheckNodePort', 'allocateLoadBalancerNodePorts', 'loadBalancerClass']);
  }
}

function keepAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (isNamed(spec) || isNamed(old)) return;
  if (!spec.clusterIP && old.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIP = old.clusterIP;
  if (old.clusterIPs && spec.clusterIP === old.clusterIP && (spec.clusterIPs ?? []).length === 0) {
    spec.clusterIPs = [...old.clusterIPs];
  }
}

/** Ports are the same when they have the same name. */
function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  if (!isOnNodes(spec) || !isOnNodes(old)) return;
  if (isBalanced(spec) && isBalanced(old)) spec.healthCheckNodePort ||= old.healthCheckNodePort;
  if (spec.healthCheckNodePort === undefined) delete spec.healthCheckNodePort;
  const given = new Map(old.ports?.map(({ name = '', nodePort }) => [name, nodePort]));
  const used = new Set(spec.ports?.map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) {
    const before = given.get(port.name ?? '');
    if (port.nodePort || !before || used.has(before)) continue;
    port.nodePort = before;
    used.add(before);
  }
}

/** Takes away what is as it was. */
function drop(spec: ServiceSpec, old: ServiceSpec, names: readonly (keyof ServiceSpec)[]): void {
  for (const name of names) if (isDeepStrictEqual(spec[name], old[name])) delete spec[name];
}
