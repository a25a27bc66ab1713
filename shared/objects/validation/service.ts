import { isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import type { Service, ServicePort, ServiceSpec } from '../types.ts';
import { networkBlock, reachableCauses } from './addresses.ts';
import { duplicate, eachOf, findDuplicates, forbidden, invalid, required } from './causes.ts';
import { dnsLabel, dnsSubdomain, ipAddress, labelKey, portName, portNumber } from './formats.ts';
import { labelCauses } from './metadata.ts';

const longestAffinity = 86_400;

/** Checks a Service. */
export function serviceCauses({ spec }: Service): Cause[] {
  if (!spec) return [required('spec.ports')];
  return [
    ...portsCauses(spec),
    ...labelCauses(spec.selector, 'spec.selector'),
    ...addressCauses(spec),
    ...familyCauses(spec),
    ...externalNameCauses(spec),
    ...affinityCauses(spec),
    ...eachOf(spec.externalIPs, 'spec.externalIPs', (ip, path) => [
      ...ipAddress(ip, path),
      ...reachableCauses(ip, path),
    ]),
    ...balancerCauses(spec),
    ...trafficCauses(spec),
  ];
}

function portsCauses(spec: ServiceSpec): Cause[] {
  const { ports = [], type, clusterIP } = spec;
  const path = 'spec.ports';
  if (ports.length === 0) return type === 'ExternalName' || clusterIP === 'None' ? [] : [required(path)];
  const seen = new Set<string>();
  const doubled = ports.flatMap(({ port, protocol }, index) => {
    const key = `${protocol}/${port}`;
    if (seen.has(key)) return [duplicate(`${path}[${index}]`, { protocol, port })];
    seen.add(key);
    return [];
  });
  return [
    ...eachOf(ports, path, (port, at) => portCauses(port, spec, at)),
    ...findDuplicates(
      ports,
      (index) => `${path}[${index}].name`,
      ({ name }) => name,
    ),
    ...doubled,
    ...findDuplicates(
      ports,
      (index) => `${path}[${index}].nodePort`,
      ({ nodePort, protocol }) => (nodePort ? `${protocol}/${nodePort}` : undefined),
    ),
  ];
}

function portCauses(
  { name, port, targetPort, nodePort, appProtocol }: ServicePort,
  spec: ServiceSpec,
  path: string,
): Cause[] {
  const needsName = (spec.ports ?? []).length > 1 && !name;
  return [
    ...(needsName ? [required(`${path}.name`)] : dnsLabel(name, `${path}.name`)),
    ...portNumber(port, `${path}.port`),
    ...(typeof targetPort === 'string'
      ? portName(targetPort, `${path}.targetPort`)
      : portNumber(targetPort, `${path}.targetPort`)),
    ...labelKey(appProtocol, `${path}.appProtocol`),
    ...nodePortCauses(nodePort, spec.type, `${path}.nodePort`),
  ];
}

/** Which ports there are is known to who gives them out. */
function nodePortCauses(nodePort: number | undefined, type: string | undefined, field: string): Cause[] {
  const isInside = type === 'ClusterIP' || type === 'ExternalName';
  return nodePort && isInside ? [forbidden(field, `may not be used when \`type\` is '${type}'`)] : [];
}

function addressCauses({ type, clusterIP, clusterIPs = [] }: ServiceSpec): Cause[] {
  const path = 'spec.clusterIPs';
  const all = clusterIPs.length > 0 ? clusterIPs : [clusterIP].filter((ip) => ip !== undefined && ip !== '');
  if (type === 'ExternalName')
    return all.length > 0 ? [forbidden(path, 'may not be set for ExternalName services')] : [];
  const families = all.map((ip = '') => isIP(ip)).filter((family) => family > 0);
  return [
    ...(all.length > 2 ? [invalid(path, all, 'may only hold up to 2 values')] : []),
    ...(new Set(families).size < families.length
      ? [invalid(path, all, 'may specify no more than one IP for each IP family')]
      : []),
    ...(clusterIPs.length > 0 && (clusterIP ?? '') !== clusterIPs[0]
      ? [invalid(path, clusterIPs, 'first value must match `clusterIP`')]
      : []),
    ...(all[0] === 'None' && type !== 'ClusterIP'
      ? [invalid(`${path}[0]`, 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...all.flatMap((ip = '', index) => (ip === 'None' && all.length === 1 ? [] : ipAddress(ip, `${path}[${index}]`))),
  ];
}

/** There are addresses of IPv4 alone; a Service without pods of its own may name what it likes. */
function familyCauses({ clusterIP, selector, ipFamilies = [], ipFamilyPolicy }: ServiceSpec): Cause[] {
  const path = 'spec.ipFamilies';
  const isFree = clusterIP === 'None' && selector === undefined;
  const unknown = (family: string): boolean => family !== 'IPv4' && (family !== 'IPv6' || !isFree);
  return [
    ...(ipFamilies.length > 2 ? [invalid(path, ipFamilies, 'may only hold up to 2 values')] : []),
    ...findDuplicates(
      ipFamilies,
      (index) => `${path}[${index}]`,
      (family) => family,
    ),
    ...ipFamilies.flatMap((family, index) =>
      unknown(family) ? [invalid(`${path}[${index}]`, family, 'not configured on this cluster')] : [],
    ),
    ...(ipFamilyPolicy === 'RequireDualStack' && !isFree
      ? [invalid('spec.ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
      : []),
  ];
}

function externalNameCauses({ type, externalName }: ServiceSpec): Cause[] {
  const field = 'spec.externalName';
  if (type !== 'ExternalName') return [];
  return externalName ? dnsSubdomain(externalName.toLowerCase().replace(/\.$/, ''), field) : [required(field)];
}

function affinityCauses({ sessionAffinityConfig }: ServiceSpec): Cause[] {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined || (seconds > 0 && seconds <= longestAffinity)) return [];
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  return [invalid(field, seconds, `must be greater than 0 and less than ${longestAffinity}`)];
}

/** What only a balancer in front of the nodes understands. */
function balancerCauses(spec: ServiceSpec): Cause[] {
  const { type, loadBalancerSourceRanges = [], loadBalancerIP } = spec;
  const blocks = eachOf(loadBalancerSourceRanges, 'spec.loadBalancerSourceRanges', networkBlock);
  const address = loadBalancerIP && isIP(loadBalancerIP) === 0 ? ipAddress(loadBalancerIP, 'spec.loadBalancerIP') : [];
  if (type === 'LoadBalancer') return [...blocks, ...address];
  const fields = ['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerSourceRanges'] as const;
  return fields
    .filter((name) => (Array.isArray(spec[name]) ? spec[name].length > 0 : spec[name] !== undefined))
    .map((name) => forbidden(`spec.${name}`, "may only be used when `type` is 'LoadBalancer'"));
}

function trafficCauses({ type, externalTrafficPolicy, healthCheckNodePort, externalIPs = [] }: ServiceSpec): Cause[] {
  const isExternal = type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0;
  const isLocal = type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
  const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [
    ...(externalTrafficPolicy && !isExternal
      ? [
          invalid(
            'spec.externalTrafficPolicy',
            externalTrafficPolicy,
            'may only be set for externally-accessible services',
          ),
        ]
      : []),
    ...(healthCheckNodePort && !isLocal ? [invalid('spec.healthCheckNodePort', healthCheckNodePort, detail)] : []),
  ];
}

/** An address that was given out stays: clients have it. */
export function serviceUpdateCauses({ spec }: Service, { spec: old }: Service): Cause[] {
  if (!spec || !old?.clusterIP || spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  if (spec.clusterIP === old.clusterIP) return [];
  const isUnset = (spec.clusterIP ?? '') === '';
  const detail = isUnset ? 'primary clusterIP can not be unset' : 'may not change once set';
  return [invalid('spec.clusterIPs[0]', isUnset ? null : [spec.clusterIP], detail)];
}
