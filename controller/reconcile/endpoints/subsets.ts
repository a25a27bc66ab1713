import type { EndpointAddress, EndpointPort, Endpoints, ServiceSpec } from '../../../shared/objects/types.ts';
import { addressIn, type Target } from './targets.ts';

type Subset = NonNullable<Endpoints['subsets']>[number];

/** Endpoints are one object: more addresses are left out, as Kubernetes does. Slices have all of them. */
export const maxAddresses = 1000;

/**
 * The targets as the Endpoints of a Service list them: each port with its addresses, ports with the same addresses
 * together. Those that end already are left out, unless the Service wants addresses that are not ready, and those that
 * have none of the Service's ports.
 */
export function subsetsOf(
  targets: readonly Target[],
  { ports: wanted = [], publishNotReadyAddresses = false }: ServiceSpec,
): Subset[] {
  const shown = targets.filter(
    ({ endpoint, ports }) =>
      (publishNotReadyAddresses || endpoint.conditions?.terminating !== true) &&
      (ports.length > 0 || wanted.length === 0),
  );
  const byPort = new Map<string, { port: EndpointPort | undefined; targets: Target[] }>();
  for (const target of shown.slice(0, maxAddresses)) {
    for (const port of target.ports.length === 0 ? [undefined] : target.ports) {
      const key = JSON.stringify(port ?? null);
      const entry = byPort.get(key) ?? { port, targets: [] };
      entry.targets.push(target);
      byPort.set(key, entry);
    }
  }
  const byAddresses = Map.groupBy(byPort.values(), ({ targets: all }) => all.map(keyOf).toSorted().join('\n'));
  return [...byAddresses.values()].map((entries) => subset(entries[0]?.targets ?? [], entries.flatMap(portOf)));
}

function subset(targets: readonly Target[], ports: readonly EndpointPort[]): Subset {
  const ready = addresses(targets.filter(({ endpoint }) => endpoint.conditions?.ready === true));
  const notReady = addresses(targets.filter(({ endpoint }) => endpoint.conditions?.ready !== true));
  return {
    ...(ready.length > 0 && { addresses: ready }),
    ...(notReady.length > 0 && { notReadyAddresses: notReady }),
    ...(ports.length > 0 && { ports: ports.toSorted((a, b) => compare(a.name ?? '', b.name ?? '')).map(named) }),
  };
}

function addresses(targets: readonly Target[]): EndpointAddress[] {
  return targets.map(({ endpoint }) => addressIn(endpoint)).toSorted((a, b) => compare(a.ip, b.ip));
}

/** A port without a name has none here. */
function named({ name, port = 0, ...rest }: EndpointPort): NonNullable<Subset['ports']>[number] {
  return { ...(name !== '' && name !== undefined && { name }), port, ...rest };
}

function portOf({ port }: { port: EndpointPort | undefined }): EndpointPort[] {
  return port === undefined ? [] : [port];
}

function keyOf({ endpoint }: Target): string {
  return `${endpoint.addresses[0] ?? ''} ${endpoint.targetRef?.uid ?? ''} ${String(endpoint.conditions?.ready)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
