import { isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import type { Endpoint, EndpointPort, Endpoints, EndpointSlice } from '../types.ts';
import { reachableCauses } from './addresses.ts';
import { eachOf, findDuplicates, immutable, invalid, required, tooMany } from './causes.ts';
import { dnsLabel, dnsSubdomain, ipAddress, labelKey, portNumber } from './formats.ts';

const most = { endpoints: 1000, addresses: 100, ports: 20_000 };

type Subset = NonNullable<Endpoints['subsets']>[number];

/** Checks Endpoints. */
export function endpointsCauses({ subsets }: Endpoints): Cause[] {
  return eachOf(subsets, 'subsets', subsetCauses);
}

function subsetCauses({ addresses = [], notReadyAddresses = [], ports = [] }: Subset, path: string): Cause[] {
  const isEmpty = addresses.length + notReadyAddresses.length === 0;
  return [
    ...(isEmpty ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...(
      [
        [addresses, 'addresses'],
        [notReadyAddresses, 'notReadyAddresses'],
      ] as const
    ).flatMap(([list, name]) =>
      eachOf(list, `${path}.${name}`, ({ ip, hostname, nodeName }, at) => [
        ...ipAddress(ip, `${at}.ip`),
        ...reachableCauses(ip, `${at}.ip`),
        ...dnsLabel(hostname, `${at}.hostname`),
        ...dnsSubdomain(nodeName, `${at}.nodeName`),
      ]),
    ),
    ...eachOf(ports, `${path}.ports`, ({ name, port }, at) => [
      ...(ports.length > 1 && !name ? [required(`${at}.name`)] : dnsLabel(name, `${at}.name`)),
      ...portNumber(port, `${at}.port`),
    ]),
  ];
}

/** Checks an EndpointSlice. */
export function endpointSliceCauses({ addressType = '', endpoints = [], ports = [] }: Partial<EndpointSlice>): Cause[] {
  return [
    ...(endpoints.length > most.endpoints ? [tooMany('endpoints', endpoints.length, most.endpoints)] : []),
    ...eachOf(endpoints, 'endpoints', (endpoint, at) => endpointCauses(endpoint, addressType, at)),
    ...(ports.length > most.ports ? [tooMany('ports', ports.length, most.ports)] : []),
    ...eachOf(ports, 'ports', portCauses),
    ...nameCauses(ports),
  ];
}

/** What a slice holds is settled when it is made. */
export function endpointSliceUpdateCauses(slice: EndpointSlice, old: EndpointSlice): Cause[] {
  return immutable('addressType', slice.addressType, old.addressType);
}

function endpointCauses(
  { addresses = [], hostname, nodeName }: Partial<Endpoint>,
  type: string,
  path: string,
): Cause[] {
  const field = `${path}.addresses`;
  return [
    ...(addresses.length === 0 ? [required(field, 'must contain at least 1 address')] : []),
    ...(addresses.length > most.addresses ? [tooMany(field, addresses.length, most.addresses)] : []),
    ...eachOf(addresses, field, (address, at) => addressCauses(address, type, at)),
    ...dnsLabel(hostname, `${path}.hostname`),
    ...dnsSubdomain(nodeName, `${path}.nodeName`),
  ];
}

function addressCauses(address: string, type: string, field: string): Cause[] {
  if (type === 'FQDN') return dnsSubdomain(address || '-', field);
  const version = type === 'IPv6' ? 6 : 4;
  if (isIP(address) !== version) return [invalid(field, address, `must be a valid IPv${version} address`)];
  return reachableCauses(address, field);
}

function portCauses({ name, port, appProtocol }: EndpointPort, path: string): Cause[] {
  return [
    ...dnsLabel(name, `${path}.name`),
    ...portNumber(port, `${path}.port`),
    ...labelKey(appProtocol, `${path}.appProtocol`),
  ];
}

/** Two ports without a name are as bad as two with the same. */
function nameCauses(ports: readonly EndpointPort[]): Cause[] {
  return findDuplicates(
    ports,
    (index) => `ports[${index}].name`,
    ({ name = '' }) => `"${name}"`,
  );
}
