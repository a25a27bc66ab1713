import { isDeepStrictEqual } from 'node:util';
import type { Endpoint, EndpointPort, EndpointSlice, KubeObject } from '../../../shared/objects/types.ts';
import type { Target } from './targets.ts';

export type SliceObject = KubeObject & EndpointSlice;

/** One change of the slices of a Service; creations stand first, so that no address is missing in between. */
export type SliceStep =
  { do: 'create'; slice: SliceObject } | { do: 'update'; slice: SliceObject } | { do: 'delete'; name: string };

/** What all slices of one owner have in common. */
export interface SliceFrame {
  metadata: Pick<KubeObject['metadata'], 'namespace' | 'labels' | 'ownerReferences'>;
  /** A name that no other slice has. */
  newName: () => string;
}

/** Kubernetes' default: changes stay small, and a Service of some hundred pods takes a few objects. */
export const maxEndpoints = 100;

interface Content {
  addressType: string;
  ports: readonly EndpointPort[];
}

/**
 * What to change so that the slices hold these targets, those with equal ports together; [] when they do. An address
 * stays in its slice, since each change of a slice goes to every node. Without any target there is one empty slice.
 */
export function planSlices(frame: SliceFrame, targets: readonly Target[], slices: readonly SliceObject[]): SliceStep[] {
  const groups = groupTargets(targets);
  const known = Map.groupBy(slices, contentKey);
  const stale = slices.filter((slice) => !groups.has(contentKey(slice)));
  const steps = [...groups].flatMap(([key, group]) => planGroup(frame, group, known.get(key) ?? []));
  const deletions = stale.map(({ metadata }): SliceStep => ({ do: 'delete', name: metadata.name }));
  const order = ['create', 'update', 'delete'];
  return [...steps, ...deletions].toSorted((a, b) => order.indexOf(a.do) - order.indexOf(b.do));
}

interface Group {
  content: Content;
  endpoints: Map<string, Endpoint>;
}

function groupTargets(targets: readonly Target[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { endpoint, ports } of targets) {
    const content = { addressType: addressTypeOf(endpoint), ports };
    const key = contentKey(content);
    const group = groups.get(key) ?? { content, endpoints: new Map<string, Endpoint>() };
    group.endpoints.set(endpointKey(endpoint), endpoint);
    groups.set(key, group);
  }
  if (groups.size === 0) {
    const content = { addressType: 'IPv4', ports: [] };
    groups.set(contentKey(content), { content, endpoints: new Map() });
  }
  return groups;
}

function planGroup(frame: SliceFrame, { content, endpoints }: Group, slices: readonly SliceObject[]): SliceStep[] {
  const missing = new Map(endpoints);
  const held = slices.map((slice) => {
    const stays = (slice.endpoints ?? []).flatMap((endpoint) => {
      const key = endpointKey(endpoint);
      const wanted = missing.get(key);
      missing.delete(key);
      return wanted ?? [];
    });
    return { slice, stays };
  });
  const left = [...missing.values()];
  // Slices that change anyway take the new ones first, then the fullest: few slices change, and few are made.
  const changes = ({ slice, stays }: (typeof held)[number]): number =>
    isDeepStrictEqual(stays, slice.endpoints ?? []) ? 1 : 0;
  const byRoom = held.toSorted((a, b) => changes(a) - changes(b) || b.stays.length - a.stays.length);
  for (const { stays } of byRoom) stays.push(...left.splice(0, Math.max(0, maxEndpoints - stays.length)));
  const filled = held.filter(({ stays }) => stays.length > 0);
  const fresh = Array.from({ length: Math.ceil(left.length / maxEndpoints) }, () => left.splice(0, maxEndpoints));
  if (filled.length === 0 && fresh.length === 0) {
    const [first] = held;
    if (first === undefined) fresh.push([]);
    else filled.push(first);
  }
  return [
    ...fresh.map((some): SliceStep => ({ do: 'create', slice: sliceOf(frame, frame.newName(), content, some) })),
    ...filled.flatMap(({ slice, stays }) => updateOf(frame, slice, stays)),
    ...held
      .filter((each) => !filled.includes(each))
      .map(({ slice }): SliceStep => ({ do: 'delete', name: slice.metadata.name })),
  ];
}

function updateOf(frame: SliceFrame, slice: SliceObject, endpoints: Endpoint[]): SliceStep[] {
  const metadata = { ...slice.metadata, ...frame.metadata };
  const isSame = isDeepStrictEqual([metadata, endpoints], [slice.metadata, slice.endpoints ?? []]);
  return isSame ? [] : [{ do: 'update', slice: { ...slice, metadata, endpoints } }];
}

function sliceOf({ metadata }: SliceFrame, name: string, content: Content, endpoints: Endpoint[]): SliceObject {
  const { addressType, ports } = content;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, ...metadata },
    addressType,
    endpoints,
    ports: [...ports],
  };
}

/** Slices of one key can hold each other's endpoints. */
function contentKey({ addressType, ports = [] }: { addressType: string; ports?: readonly EndpointPort[] }): string {
  const fields = ports.map(({ name, port, protocol, appProtocol }) => [name, port, protocol, appProtocol]);
  return JSON.stringify([addressType, ...fields.map((each) => JSON.stringify(each)).toSorted()]);
}

/** An address of another pod is another endpoint, even when it is the same address. */
function endpointKey({ addresses, targetRef }: Endpoint): string {
  return `${targetRef?.uid ?? ''} ${addresses[0] ?? ''}`;
}

function addressTypeOf({ addresses }: Endpoint): string {
  return addresses[0]?.includes(':') ? 'IPv6' : 'IPv4';
}
