import type { Node, Stored } from '../../../shared/objects/types.ts';
import { hostPort, labelsOfObject, meta, type TargetGroup } from './labels.ts';

/** Which address of a node is its own, the first that it has. */
const preferred = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];
/** Where a kubelet listens. Agents listen on nothing: this is for rules that put another port in its place. */
const kubeletPort = 10_250;

/** Role `node`: each node once. */
export function targetsOfNode({ metadata, spec, status }: Stored<Node>): TargetGroup[] {
  const addresses = (status?.addresses ?? []).toReversed();
  const byType = new Map(addresses.map(({ type, address }) => [type, address]));
  const type = preferred.find((wanted) => byType.has(wanted));
  if (type === undefined) return [];
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port || kubeletPort;
  const named = Object.fromEntries([...byType].map(([kind, address]) => [`node_address_${kind}`, address]));
  return [
    {
      targets: [hostPort(byType.get(type) ?? '', port)],
      labels: {
        ...labelsOfObject('node', metadata),
        ...meta({ node_provider_id: spec?.providerID ?? '', ...named }),
        instance: metadata.name,
      },
    },
  ];
}
