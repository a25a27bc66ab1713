import type { Endpoints, EndpointSlice, KubeObject, Service, Stored } from '../../shared/objects/types.ts';
import type { Session } from '../client/session.ts';
import type { Sheet, Value } from '../print/sheet.ts';
import { listed, related, selectorText, type Describe } from './describing.ts';

type Ports = readonly { name?: string; port?: number; protocol?: string }[];

/** Services, and where they lead. */
export const services: Record<string, Describe> = {
  Service: async (session, service: Stored<Service>) => {
    const { spec = {}, status } = service;
    const backends = await backendsOf(session, service);
    return [
      ['Selector', selectorText(spec.selector)],
      ['Type', spec.type],
      ['IP Family Policy', spec.ipFamilyPolicy],
      ['IP Families', listed(spec.ipFamilies)],
      ['IP', spec.clusterIP ?? ''],
      ['IPs', listed(spec.clusterIPs)],
      ['External IPs', spec.externalIPs && listed(spec.externalIPs)],
      ['Desired LoadBalancer IP', spec.loadBalancerIP],
      ['LoadBalancer Ingress', status?.loadBalancer?.ingress && addressesOf(status.loadBalancer.ingress)],
      ['External Name', spec.externalName],
      ...(spec.ports ?? []).flatMap(({ name = '', port, protocol = 'TCP', targetPort, nodePort }): Sheet => {
        const shown = name === '' ? '<unset>' : name;
        return [
          ['Port', `${shown}  ${port}/${protocol}`],
          ['TargetPort', `${targetPort ?? port}/${protocol}`],
          ['NodePort', nodePort && `${shown}  ${nodePort}/${protocol}`],
          ['Endpoints', backends === undefined ? '<none>' : (backends.get(name) ?? []).join(',')],
        ];
      }),
      ['Session Affinity', spec.sessionAffinity],
      ['External Traffic Policy', spec.externalTrafficPolicy],
      ['Internal Traffic Policy', spec.internalTrafficPolicy],
      ['HealthCheck NodePort', spec.healthCheckNodePort || undefined],
      ['LoadBalancer Source Ranges', spec.loadBalancerSourceRanges && listed(spec.loadBalancerSourceRanges)],
    ];
  },
  Endpoints: (_session, { subsets = [] }: Stored<Endpoints>) => [
    [
      'Subsets',
      {
        below: subsets.flatMap(({ addresses, notReadyAddresses, ports = [] }): Sheet => [
          ['Addresses', listed(addresses?.map(({ ip }) => ip))],
          ['NotReadyAddresses', listed(notReadyAddresses?.map(({ ip }) => ip))],
          ['Ports', portRows(ports)],
        ]),
      },
    ],
  ],
  EndpointSlice: (_session, { addressType, ports, endpoints }: Stored<EndpointSlice>) => [
    ['AddressType', addressType],
    ['Ports', ports?.length ? portRows(ports) : '<unset>'],
    [
      'Endpoints',
      endpoints.length === 0
        ? '<none>'
        : {
            rows: [
              ['ADDRESSES', 'READY', 'TARGET', 'NODE', 'ZONE'],
              ...endpoints.map(({ addresses, conditions, targetRef, nodeName = '<unset>', zone = '<unset>' }) => [
                addresses.join(','),
                String(conditions?.ready ?? '<unset>'),
                targetRef === undefined ? '<unset>' : `${targetRef.kind}/${targetRef.name}`,
                nodeName,
                zone,
              ]),
            ],
          },
    ],
  ],
};

/** Addresses or host names with commas between; '' for none. */
export function addressesOf(addresses: readonly { ip?: string; hostname?: string }[]): string {
  return addresses.map(({ ip, hostname }) => ip ?? hostname ?? '').join(',');
}

function portRows(ports: Ports): Value {
  const rows = ports.map(({ name = '<unset>', port = '', protocol = 'TCP' }) => [name, String(port), protocol]);
  return { rows: rows.length === 0 ? [] : [['NAME', 'PORT', 'PROTOCOL'], ...rows] };
}

/** Ready addresses of a Service by port name: of its slices, else of the Endpoints with its name; undefined without either. */
export async function backendsOf(
  session: Session,
  { metadata }: KubeObject,
): Promise<Map<string, string[]> | undefined> {
  const { name, namespace } = metadata;
  const slices = await related<EndpointSlice>(session, ['discovery.k8s.io/v1', 'EndpointSlice'], namespace, {
    labelSelector: `kubernetes.io/service-name=${name}`,
  });
  const sets = slices.map(({ endpoints, ports }) => ({
    ports: ports ?? [],
    addresses: endpoints.filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses),
  }));
  const byName = { fieldSelector: `metadata.name=${name}` };
  const plain = sets.length > 0 ? [] : await related<Endpoints>(session, ['v1', 'Endpoints'], namespace, byName);
  for (const { addresses, ports = [] } of plain.flatMap(({ subsets = [] }) => subsets)) {
    sets.push({ ports, addresses: addresses?.map(({ ip }) => ip) ?? [] });
  }
  if (sets.length === 0) return undefined;
  const backends = new Map<string, string[]>();
  for (const { addresses, ports } of sets) {
    for (const { name: portName = '', port } of ports) {
      const reached = addresses.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`);
      backends.set(portName, [...(backends.get(portName) ?? []), ...reached]);
    }
  }
  return backends;
}
