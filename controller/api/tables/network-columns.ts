import type {
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressClass,
  NetworkPolicy,
  Service,
} from '../../../shared/objects/types.ts';
import { firstFew, showLabels, showSelector, unset } from './cells.ts';
import type { Column } from './column.ts';
import { ageColumn, column, nameColumn, none, wide } from './column.ts';

/** Most endpoints, ports or hosts in one cell. */
const most = 3;

export const serviceColumns: readonly Column[] = [
  nameColumn,
  column<Service>('Type', 'How it is reached', ({ spec }) => spec?.type ?? ''),
  column<Service>('Cluster-IP', 'Address within the cluster', ({ spec }) => spec?.clusterIPs?.[0] ?? none),
  column<Service>('External-IP', 'Addresses from outside', externalAddresses),
  column<Service>('Port(s)', 'Ports, and those of the nodes', servicePorts),
  ageColumn,
  column<Service>('Selector', 'Labels by which it finds its pods', ({ spec }) => showLabels(spec?.selector), wide),
];

export const endpointsColumns: readonly Column[] = [
  nameColumn,
  column<Endpoints>('Endpoints', 'Addresses that answer', (object) => firstFew(addressesOf(object), most) || none),
  ageColumn,
];

export const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  column<EndpointSlice>('AddressType', 'IPv4, IPv6 or FQDN', ({ addressType }) => addressType ?? ''),
  column<EndpointSlice>(
    'Ports',
    'Ports that answer',
    ({ ports }) =>
      firstFew(
        (ports ?? []).map(({ port }) => String(port ?? '*')),
        most,
      ) || unset,
  ),
  column<EndpointSlice>(
    'Endpoints',
    'Addresses that answer',
    ({ endpoints }) =>
      firstFew(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        most,
      ) || unset,
  ),
  ageColumn,
];

export const ingressColumns: readonly Column[] = [
  nameColumn,
  column<Ingress>('Class', 'Which controller serves it', ({ spec }) => spec?.ingressClassName ?? none),
  column<Ingress>('Hosts', 'Names it answers to', hostsOf),
  column<Ingress>('Address', 'Where it is reached', ({ status }) => balancerAddresses(status?.loadBalancer?.ingress)),
  column<Ingress>('Ports', 'Ports it listens on', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
  ageColumn,
];

export const ingressClassColumns: readonly Column[] = [
  nameColumn,
  column<IngressClass>('Controller', 'Who serves ingresses of it', ({ spec }) => spec?.controller ?? ''),
  column<IngressClass>('Parameters', 'Object with its settings', ({ spec }) => {
    if (spec?.parameters === undefined) return none;
    const { apiGroup, kind, name } = spec.parameters;
    return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
  }),
  ageColumn,
];

export const networkPolicyColumns: readonly Column[] = [
  nameColumn,
  column<NetworkPolicy>('Pod-Selector', 'Labels of the pods it is about', ({ spec }) =>
    showSelector(spec?.podSelector),
  ),
  ageColumn,
];

function externalAddresses({ spec, status }: Service): string {
  const { type, externalIPs: own = [], externalName = '' } = spec ?? {};
  if (type === 'ExternalName') return externalName;
  if (type !== 'LoadBalancer') return own.join(',') || none;
  const given = balancerAddresses(status?.loadBalancer?.ingress);
  return [given, ...own].filter((each) => each !== '').join(',') || '<pending>';
}

function balancerAddresses(ingress: readonly { ip?: string; hostname?: string }[] | undefined): string {
  const addresses = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((each) => each !== '');
  return [...new Set(addresses)].sort().join(',');
}

function servicePorts({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) => {
    return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
  });
  return ports.join(',') || none;
}

function addressesOf({ subsets }: Endpoints): string[] {
  return (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`));
  });
}

function hostsOf({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).flatMap(({ host }) => host || []);
  return firstFew(hosts, most) || '*';
}
