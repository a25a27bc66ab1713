import type { EndpointAddress, Endpoints, EndpointSlice, Pod, Service, Stored } from '../../../shared/objects/types.ts';
import { each, hostPort, labelsOfObject, meta, type TargetGroup, type TargetLabels } from './labels.ts';
import { containersOf, labelsOfContainer, labelsOfPod, labelsOfPort } from './pods.ts';

/** Where the objects are that endpoints name. */
export interface Named {
  pod(namespace: string, name: string): Stored<Pod> | undefined;
  service(namespace: string, name: string): Stored<Service> | undefined;
}

/** One port of one address. */
interface Place {
  address: string;
  port: number;
  labels: TargetLabels;
  pod: Stored<Pod> | undefined;
}

type Reference = EndpointAddress['targetRef'];

/** Role `endpoints`: each port of each address, then the other ports of the pods among them. */
export function targetsOfEndpoints({ metadata, subsets = [] }: Stored<Endpoints>, named: Named): TargetGroup[] {
  const { namespace = '', name } = metadata;
  const places = subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [addresses, notReadyAddresses].flatMap((some, isNotReady) =>
      some.flatMap(({ ip, targetRef, nodeName, hostname }) =>
        ports.map(({ port, name: portName = '', protocol = 'TCP' }): Place => {
          const labels = meta({
            endpoint_port_name: portName,
            endpoint_port_protocol: protocol,
            endpoint_ready: !isNotReady,
            endpoint_address_target_kind: targetRef?.kind,
            endpoint_address_target_name: targetRef?.name,
            endpoint_node_name: nodeName,
            endpoint_hostname: hostname || undefined,
          });
          return { address: ip, port, labels, pod: podOf(named, namespace, targetRef) };
        }),
      ),
    ),
  );
  return groups(places, { ...labelsOfObject('endpoints', metadata), ...labelsOfService(named, namespace, name) });
}

/** Role `endpointslice`: the same of a slice. */
export function targetsOfSlice({ metadata, ...slice }: Stored<EndpointSlice>, named: Named): TargetGroup[] {
  const { namespace = '', labels = {} } = metadata;
  const places = slice.endpoints.flatMap(({ addresses, targetRef, conditions = {}, ...endpoint }) => {
    const own = {
      ...meta({
        endpointslice_address_target_kind: targetRef?.kind,
        endpointslice_address_target_name: targetRef?.name,
        endpointslice_endpoint_conditions_ready: conditions.ready,
        endpointslice_endpoint_conditions_serving: conditions.serving,
        endpointslice_endpoint_conditions_terminating: conditions.terminating,
        endpointslice_endpoint_hostname: endpoint.hostname,
        endpointslice_endpoint_node_name: endpoint.nodeName,
        endpointslice_endpoint_zone: endpoint.zone,
      }),
      ...each('endpointslice_endpoint_topology', endpoint.deprecatedTopology),
    };
    return addresses.flatMap((address) =>
      (slice.ports ?? []).flatMap(({ port, name, protocol, appProtocol }): Place[] => {
        if (port === undefined) return [];
        const ofPort = meta({
          endpointslice_port: port,
          endpointslice_port_name: name,
          endpointslice_port_protocol: protocol,
          endpointslice_port_app_protocol: appProtocol,
        });
        return [{ address, port, labels: { ...own, ...ofPort }, pod: podOf(named, namespace, targetRef) }];
      }),
    );
  });
  return groups(places, {
    ...labelsOfObject('endpointslice', metadata),
    ...meta({ endpointslice_address_type: slice.addressType }),
    ...labelsOfService(named, namespace, labels['kubernetes.io/service-name'] ?? ''),
  });
}

function groups(places: readonly Place[], common: TargetLabels): TargetGroup[] {
  const ofPlaces = places.map(({ address, port, labels, pod }) => ({
    targets: [hostPort(address, port)],
    labels: { ...common, ...labels, ...(pod && { ...labelsOfPod(pod), ...labelsAt(pod, port) }) },
  }));
  const covered = new Map<Stored<Pod>, Set<number>>();
  for (const { pod, port } of places) {
    if (pod !== undefined) covered.set(pod, (covered.get(pod) ?? new Set()).add(port));
  }
  const others = [...covered].flatMap(([pod, ports]) =>
    portsOf(pod)
      .filter((port) => !ports.has(port) && pod.status?.podIP)
      .map((port) => ({
        targets: [hostPort(pod.status?.podIP ?? '', port)],
        labels: { ...common, ...labelsOfPod(pod), ...labelsAt(pod, port) },
      })),
  );
  return [...ofPlaces, ...others];
}

/** Of the container that declares the port; none when nobody does. */
function labelsAt(pod: Stored<Pod>, wanted: number): TargetLabels {
  for (const each of containersOf(pod)) {
    const port = each.container.ports?.find(({ containerPort }) => containerPort === wanted);
    if (port !== undefined) return { ...labelsOfContainer(pod, each), ...labelsOfPort(port) };
  }
  return {};
}

function portsOf(pod: Stored<Pod>): number[] {
  return containersOf(pod).flatMap(({ container }) =>
    (container.ports ?? []).map(({ containerPort }) => containerPort),
  );
}

function podOf(named: Named, namespace: string, target: Reference): Stored<Pod> | undefined {
  return target?.kind === 'Pod' ? named.pod(target.namespace ?? namespace, target.name ?? '') : undefined;
}

function labelsOfService(named: Named, namespace: string, name: string): TargetLabels {
  const service = named.service(namespace, name);
  return service === undefined ? {} : labelsOfObject('service', service.metadata);
}
