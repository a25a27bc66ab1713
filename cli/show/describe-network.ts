import type {
  Ingress,
  IngressBackend,
  IngressClass,
  KubeObject,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Service,
  Stored,
} from '../../shared/objects/types.ts';
import type { Session } from '../client/session.ts';
import type { Sheet, Value } from '../print/sheet.ts';
import { addressesOf, backendsOf } from './describe-services.ts';
import { listed, related, selectorText, type Describe } from './describing.ts';

/** Kinds about the way to Services and pods. */
export const network: Record<string, Describe> = {
  Ingress: async (session, ingress: Stored<Ingress>) => {
    const { spec, status } = ingress;
    const show = (backend: IngressBackend): Promise<string> => describeBackend(session, ingress, backend);
    const rules = (spec?.rules ?? []).map(async ({ host = '*', http }) => [
      [host],
      ...(await Promise.all(
        (http?.paths ?? []).map(async ({ path = '', backend }) => ['', path, await show(backend)]),
      )),
    ]);
    const rows = (await Promise.all(rules)).flat();
    return [
      ['Address', addressesOf(status?.loadBalancer?.ingress ?? [])],
      ['Ingress Class', spec?.ingressClassName ?? '<none>'],
      ['Default backend', spec?.defaultBackend === undefined ? '<default>' : await show(spec.defaultBackend)],
      [
        'TLS',
        spec?.tls && {
          rows: spec.tls.map(({ secretName, hosts }) => [
            `${secretName === undefined ? 'SNI routes' : `${secretName} terminates`} ${listed(hosts)}`,
          ]),
        },
      ],
      ['Rules', { rows: rows.length === 0 ? [] : [['HOST', 'PATH', 'BACKENDS'], ...rows] }],
    ];
  },
  IngressClass: (_session, { spec }: Stored<IngressClass>) => [
    ['Controller', spec?.controller],
    [
      'Parameters',
      spec?.parameters && {
        below: [
          ['APIGroup', spec.parameters.apiGroup],
          ['Kind', spec.parameters.kind],
          ['Name', spec.parameters.name],
        ],
      },
    ],
  ],
  NetworkPolicy: (_session, { spec }: Stored<NetworkPolicy>) => {
    const types = spec?.policyTypes ?? [];
    const all = selectorText(spec?.podSelector) === '<none>';
    return [
      [
        'PodSelector',
        all ? '<none> (Allowing the specific traffic to all pods in this namespace)' : selectorText(spec?.podSelector),
      ],
      describeTraffic(
        'ingress',
        types.includes('Ingress'),
        spec?.ingress?.map(({ ports, from }) => ({ ports, peers: from })),
      ),
      describeTraffic(
        'egress',
        types.includes('Egress'),
        spec?.egress?.map(({ ports, to }) => ({ ports, peers: to })),
      ),
      ['Policy Types', types.join(', ')],
    ];
  },
};

/** `web:http (10.0.0.5:8080)`: where a path leads, and what is there now. */
async function describeBackend(session: Session, ingress: KubeObject, backend: IngressBackend): Promise<string> {
  const { service, resource } = backend;
  if (service === undefined)
    return `APIGroup: ${resource?.apiGroup ?? ''}, Kind: ${resource?.kind}, Name: ${resource?.name}`;
  const shown = `${service.name}:${service.port?.name ?? service.port?.number ?? ''}`;
  const { namespace } = ingress.metadata;
  const query = { fieldSelector: `metadata.name=${service.name}` };
  const [found] = await related<Service>(session, ['v1', 'Service'], namespace, query);
  if (found === undefined) return `${shown} (<error: services "${service.name}" not found>)`;
  const port = found.spec?.ports?.find(
    ({ name, port: number }) => name === service.port?.name || number === service.port?.number,
  );
  const backends = await backendsOf(session, found);
  return `${shown} (${backends === undefined ? '<none>' : (backends.get(port?.name ?? '') ?? []).join(',')})`;
}

interface Traffic {
  ports?: NetworkPolicyPort[];
  peers?: NetworkPolicyPeer[];
}

function describeTraffic(
  direction: 'ingress' | 'egress',
  isAffected: boolean,
  rules: readonly Traffic[] = [],
): readonly [string, Value] {
  const [preposition, end] = direction === 'ingress' ? ['From', 'source'] : ['To', 'destination'];
  const label = `Allowing ${direction} traffic`;
  if (!isAffected) return [label, '<any> (not affected)'];
  if (rules.length === 0)
    return [label, { rows: [[`<none> (Selected pods are isolated for ${direction} connectivity)`]] }];
  const one = ({ ports = [], peers = [] }: Traffic): Sheet => [
    ...(ports.length === 0
      ? [['To Port', '<any> (traffic allowed to all ports)'] as const]
      : ports.map(
          ({ port = '<any>', endPort, protocol = 'TCP' }) =>
            ['To Port', `${port}${endPort === undefined ? '' : `-${endPort}`}/${protocol}`] as const,
        )),
    ...(peers.length === 0
      ? [[preposition, `<any> (traffic not restricted by ${end})`] as const]
      : peers.map((peer) => [preposition, { below: describePeer(peer) }] as const)),
  ];
  return [label, { below: rules.flatMap(one) }];
}

function describePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): Sheet {
  return [
    ['NamespaceSelector', namespaceSelector && selectorText(namespaceSelector)],
    ['PodSelector', podSelector && selectorText(podSelector)],
    [
      'IPBlock',
      ipBlock && {
        below: [
          ['CIDR', ipBlock.cidr],
          ['Except', listed(ipBlock.except, ', ')],
        ],
      },
    ],
  ];
}
