import type { Endpoint, EndpointAddress, EndpointPort, Service, ServicePort } from '../../../shared/objects/types.ts';
import { isFinished, isReady, isTerminating, type PodObject } from '../pod-state.ts';

/** An address that a Service leads to, with the ports that answer there. */
export interface Target {
  endpoint: Endpoint;
  ports: readonly EndpointPort[];
}

type Ports = NonNullable<NonNullable<PodObject['spec']>['containers'][number]['ports']>;

/** Whether the pod has an address that a Service may lead to. */
export function isAddressed(pod: PodObject): boolean {
  return !isFinished(pod) && addressOf(pod) !== '';
}

/** The pod as a target of the Service; `zone` is that of its node. */
export function targetOf(
  pod: PodObject,
  service: { name: string; spec: NonNullable<Service['spec']> },
  zone: string | undefined,
): Target {
  const { name, spec } = service;
  const { metadata, spec: podSpec } = pod;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = spec.publishNotReadyAddresses === true || (serving && !terminating);
  const isNamed = podSpec?.hostname !== undefined && podSpec.hostname !== '' && podSpec.subdomain === name;
  const { namespace = '', uid = '' } = metadata;
  return {
    ports: (spec.ports ?? []).flatMap((port) => portIn(pod, port)),
    endpoint: {
      addresses: [addressOf(pod)],
      conditions: { ready, serving, terminating },
      ...(podSpec?.nodeName && { nodeName: podSpec.nodeName }),
      ...(zone !== undefined && { zone }),
      ...(isNamed && { hostname: podSpec.hostname }),
      targetRef: { kind: 'Pod', namespace, name: metadata.name, uid },
    } as Endpoint,
  };
}

/** The target as Endpoints show it, which know neither conditions nor zones. */
export function addressIn({ addresses, nodeName, hostname, targetRef }: Endpoint): EndpointAddress {
  return {
    ip: addresses[0] ?? '',
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

/** Nothing when the Service names a port that no container of the pod has. */
function portIn(pod: PodObject, { name = '', port, targetPort = port, protocol = 'TCP', appProtocol }: ServicePort) {
  const number = typeof targetPort === 'string' ? numberOf(pod, targetPort, protocol) : targetPort;
  if (number === undefined) return [];
  return [{ name, port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) }] satisfies EndpointPort[];
}

function numberOf({ spec }: PodObject, name: string, protocol: string): number | undefined {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports: Ports = [...(spec?.containers ?? []), ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}

function addressOf({ status }: PodObject): string {
  return status?.podIP ?? status?.podIPs?.[0]?.ip ?? '';
}
