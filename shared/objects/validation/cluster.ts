import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import type { Event, Lease, Namespace, Node, ServiceAccount, Taint } from '../types.ts';
import { networkBlock } from './addresses.ts';
import { duplicate, eachOf, findDuplicates, forbidden, invalid, required } from './causes.ts';
import { atLeast, dnsSubdomain, labelKey, labelValue } from './formats.ts';

/** Checks a Namespace. */
export function namespaceCauses({ spec }: Namespace): Cause[] {
  return eachOf(spec?.finalizers, 'spec.finalizers', (name, path) => labelKey(name, path));
}

/** Checks a Node: what users set on it. */
export function nodeCauses({ spec }: Node): Cause[] {
  const taints = spec?.taints;
  const key = (taint: Taint): string => `${taint.key}:${taint.effect}`;
  const doubled = findDuplicates(taints, (index) => `spec.taints[${index}]`, key).map(({ field = '' }) =>
    duplicate(field, 'taints must be unique by key and effect pair'),
  );
  return [
    ...eachOf(taints, 'spec.taints', taintCauses),
    ...doubled,
    ...eachOf(spec?.podCIDRs, 'spec.podCIDRs', networkBlock),
  ];
}

/** Where the pods of a node have their addresses, and which machine it is, is set once. */
export function nodeUpdateCauses({ spec = {} }: Node, { spec: old = {} }: Node): Cause[] {
  const isMoved = (old.podCIDRs ?? []).length > 0 && !isDeepStrictEqual(spec.podCIDRs, old.podCIDRs);
  const isOther = Boolean(old.providerID) && spec.providerID !== old.providerID;
  const detail = (name: string): string => `node updates may not change ${name} except from "" to valid`;
  return [
    ...(isMoved ? [forbidden('spec.podCIDRs', detail('podCIDR'))] : []),
    ...(isOther ? [forbidden('spec.providerID', detail('providerID'))] : []),
  ];
}

function taintCauses({ key, value }: Taint, path: string): Cause[] {
  return [...labelKey(key, `${path}.key`), ...labelValue(value, `${path}.value`)];
}

/** Checks a ServiceAccount. */
export function serviceAccountCauses({ secrets, imagePullSecrets }: ServiceAccount): Cause[] {
  return [
    ...eachOf(secrets, 'secrets', ({ name }, path) => dnsSubdomain(name, `${path}.name`)),
    ...eachOf(imagePullSecrets, 'imagePullSecrets', ({ name }, path) => dnsSubdomain(name, `${path}.name`)),
  ];
}

/** Checks a Lease. A leader that gives up its lease leaves it with an empty `holderIdentity`. */
export function leaseCauses({ spec }: Lease): Cause[] {
  return [
    ...atLeast(spec?.leaseDurationSeconds, 'spec.leaseDurationSeconds', 1),
    ...atLeast(spec?.leaseTransitions, 'spec.leaseTransitions', 0),
  ];
}

/** Checks an Event: it lies in the namespace of what it is about; cluster-scoped things have theirs in `default`. */
export function eventCauses({ metadata, involvedObject }: Event): Cause[] {
  if (!involvedObject) return [required('involvedObject')];
  const { namespace } = involvedObject;
  if (!namespace || namespace === metadata.namespace) return [];
  return [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
}
