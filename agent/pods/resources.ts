import { amountsOf, qosClassOf, requestsOf } from '../../shared/objects/pod-requests.ts';
import type { Container, PodSpec } from '../../shared/objects/types.ts';
import type { ContainerResources } from '../runtime/driver.ts';

const pidsLimit = 4096;

/** Limits of a container as its runtime wants them, and how willingly the kernel kills it when memory runs out. */
export function resourcesOf(spec: PodSpec, container: Container, nodeMemoryBytes: number): ContainerResources {
  const limits = amountsOf(container.resources?.limits);
  const requests = requestsOf(container);
  const resources: ContainerResources = {
    cpuRequestMillis: requests['cpu'] ?? 0,
    pidsLimit,
    oomScoreAdj: oomScoreAdj(spec, requests['memory'] ?? 0, nodeMemoryBytes),
  };
  if (limits['cpu'] !== undefined) resources.cpuLimitMillis = limits['cpu'];
  if (limits['memory'] !== undefined) resources.memoryLimitBytes = limits['memory'];
  return resources;
}

/** The more of the node's memory a burstable container asked for, the later it goes; between the two other classes. */
function oomScoreAdj(spec: PodSpec, memoryRequest: number, nodeMemoryBytes: number): number {
  switch (qosClassOf(spec)) {
    case 'Guaranteed':
      return -997;
    case 'BestEffort':
      return 1000;
    case 'Burstable':
      return Math.min(999, Math.max(2, Math.round(1000 - (1000 * memoryRequest) / Math.max(1, nodeMemoryBytes))));
  }
}
