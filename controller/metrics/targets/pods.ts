import type { Container, ContainerPort, Pod, Stored } from '../../../shared/objects/types.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { hostPort, labelsOfObject, meta, type TargetGroup, type TargetLabels } from './labels.ts';

/** One container of a pod; init containers count too. */
export interface PodContainer {
  container: Container;
  isInit: boolean;
}

/** Role `pod`: each port of each container, or the address of the pod for a container that names no port. */
export function targetsOfPod(pod: Stored<Pod>): TargetGroup[] {
  const address = pod.status?.podIP;
  if (!address) return [];
  const labels = labelsOfPod(pod);
  return containersOf(pod).flatMap(({ container, isInit }) => {
    const own = { ...labels, ...labelsOfContainer(pod, { container, isInit }) };
    const { ports = [] } = container;
    if (ports.length === 0) return [{ targets: [address], labels: own }];
    return ports.map((port) => ({
      targets: [hostPort(address, port.containerPort)],
      labels: { ...own, ...labelsOfPort(port) },
    }));
  });
}

export function labelsOfPod({ metadata, spec, status }: Stored<Pod>): TargetLabels {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    ...labelsOfObject('pod', metadata),
    ...meta({
      pod_ip: status?.podIP ?? '',
      pod_ready: findCondition(status?.conditions, 'Ready')?.status.toLowerCase() ?? 'unknown',
      pod_phase: status?.phase ?? '',
      pod_node_name: spec?.nodeName ?? '',
      pod_host_ip: status?.hostIP ?? '',
      pod_uid: metadata.uid,
      pod_controller_kind: owner?.kind,
      pod_controller_name: owner?.name,
    }),
  };
}

export function containersOf({ spec }: Stored<Pod>): PodContainer[] {
  return [
    ...(spec?.containers ?? []).map((container) => ({ container, isInit: false })),
    ...(spec?.initContainers ?? []).map((container) => ({ container, isInit: true })),
  ];
}

export function labelsOfContainer({ status }: Stored<Pod>, { container, isInit }: PodContainer): TargetLabels {
  const statuses = isInit ? status?.initContainerStatuses : status?.containerStatuses;
  return meta({
    pod_container_name: container.name,
    pod_container_id: statuses?.find(({ name }) => name === container.name)?.containerID ?? '',
    pod_container_image: container.image ?? '',
    pod_container_init: isInit,
  });
}

export function labelsOfPort({ name = '', containerPort, protocol = 'TCP' }: ContainerPort): TargetLabels {
  return meta({
    pod_container_port_name: name,
    pod_container_port_number: containerPort,
    pod_container_port_protocol: protocol,
  });
}
