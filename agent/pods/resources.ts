import { amountsOf, qosClassOf, requestsOf } from '../../shared/objects/pod-requests.ts';
import type { Container, PodSpec } from '../../shared/objects/types.ts';
import type { ContainerResources, ContainerSize } from '../runtime/driver.ts';

const pidsLimit = 4096;

/** Limits of a container as its runtime wants them, and how willingly the kernel kills it when memory runs out. */
export function resourcesOf(spec: PodSpec, container: Container, nodeMemoryBytes: number): ContainerResources {
  const memory = requestsOf(container)['memory'] ?? 0;
  return { ...sizeOf(container), pidsLimit, oomScoreAdj: oomScoreAdj(spec, memory, nodeMemoryBytes) };
}

/** The part of them that may change while it runs. */
export function sizeOf(container: Container): ContainerSize {
  const { cpu, memory } = amountsOf(container.resources?.limits);
  const size: ContainerSize = { cpuRequestMillis: requestsOf(container)['cpu'] ?? 0 };
  if (cpu !== undefined) size.cpuLimitMillis = cpu;
  if (memory !== undefined) size.memoryLimitBytes = memory;
  return size;
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
