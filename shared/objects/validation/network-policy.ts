import type { Cause } from '../../errors.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../types.ts';
import { isWithinBlock, networkBlock } from './addresses.ts';
import { eachOf, forbidden, invalid, notSupported, required } from './causes.ts';
import { portName, portNumber } from './formats.ts';
import { selectorCauses } from './selector.ts';

const policyTypes = ['Egress', 'Ingress'];

/** Checks a NetworkPolicy. */
export function networkPolicyCauses({ spec }: NetworkPolicy): Cause[] {
  const types = spec?.policyTypes ?? [];
  return [
    ...selectorCauses(spec?.podSelector, 'spec.podSelector'),
    ...eachOf(spec?.ingress, 'spec.ingress', ({ ports, from }, at) => ruleCauses(ports, from, at, 'from')),
    ...eachOf(spec?.egress, 'spec.egress', ({ ports, to }, at) => ruleCauses(ports, to, at, 'to')),
    ...(types.length > 2 ? [invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')] : []),
    ...eachOf(types, 'spec.policyTypes', (type, at) =>
      policyTypes.includes(type) ? [] : [notSupported(at, type, policyTypes)],
    ),
  ];
}

function ruleCauses(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  path: string,
  side: 'from' | 'to',
): Cause[] {
  return [...eachOf(ports, `${path}.ports`, portCauses), ...eachOf(peers, `${path}.${side}`, peerCauses)];
}

function portCauses({ port, endPort }: NetworkPolicyPort, path: string): Cause[] {
  const field = `${path}.endPort`;
  const causes = typeof port === 'string' ? portName(port, `${path}.port`) : portNumber(port, `${path}.port`);
  if (endPort === undefined) return causes;
  if (port === undefined) return [...causes, forbidden(field, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string') {
    return [...causes, forbidden(field, 'may not be specified when `port` is non-numeric')];
  }
  const isBelow = endPort < port;
  return [
    ...causes,
    ...(isBelow ? [invalid(field, endPort, 'must be greater than or equal to `port`')] : portNumber(endPort, field)),
  ];
}

function peerCauses({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): Cause[] {
  if (!podSelector && !namespaceSelector && !ipBlock) return [required(path, 'must specify a peer')];
  if (ipBlock && (podSelector ?? namespaceSelector)) {
    return [forbidden(path, 'may not specify both ipBlock and another peer')];
  }
  return [
    ...selectorCauses(podSelector, `${path}.podSelector`),
    ...selectorCauses(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock?.cidr ? blockCauses(ipBlock, `${path}.ipBlock`) : []),
  ];
}

function blockCauses({ cidr, except }: NonNullable<NetworkPolicyPeer['ipBlock']>, path: string): Cause[] {
  const causes = networkBlock(cidr, `${path}.cidr`);
  if (causes.length > 0) return causes;
  return eachOf(except, `${path}.except`, (part, at) => {
    const wrong = networkBlock(part, at);
    if (wrong.length > 0 || isWithinBlock(part, cidr)) return wrong;
    return [invalid(at, part, 'must be a strict subset of `cidr`')];
  });
}
