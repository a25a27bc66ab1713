import { findCondition } from './conditions.ts';
import { milliOf, readQuantity, unitsOf } from './quantity.ts';
import type { Container, Pod, PodSpec } from './types.ts';

/** Plain numbers to compute with: `cpu` in millicores, everything else in whole units (bytes, pods), rounded up. */
export type Amounts = Record<string, number>;

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Reads a map of quantities, as of a node's allocatable. What is no quantity counts as absent. */
export function amountsOf(quantities: Readonly<Record<string, unknown>> | undefined): Amounts {
  const amounts: Amounts = {};
  for (const [name, text] of Object.entries(quantities ?? {})) {
    const quantity = readQuantity(String(text));
    if (quantity) amounts[name] = name === 'cpu' ? milliOf(quantity) : unitsOf(quantity);
  }
  return amounts;
}

/** What a pod needs while it runs or starts: the larger of all containers together and each init step, plus overhead. */
export function podRequests(spec: PodSpec): Amounts {
  return addAmounts(largestStep(spec, requestsOf), amountsOf(spec.overhead));
}

/**
 * What a pod takes of its node while its size may be changing: of each container the most of what is asked for, granted
 * and in force. What the node can never grant does not count.
 */
export function claimedRequests({ spec = { containers: [] }, status }: Pod): Amounts {
  const isRefused = findCondition(status?.conditions, 'PodResizePending')?.reason === 'Infeasible';
  const statuses = new Map(
    [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((one) => [one.name, one]),
  );
  const claimOf = (container: Container): Amounts => {
    const { allocatedResources, resources } = statuses.get(container.name) ?? {};
    const held = maxAmounts(amountsOf(allocatedResources), amountsOf(resources?.requests));
    return isRefused ? held : maxAmounts(requestsOf(container), held);
  };
  return addAmounts(largestStep(spec, claimOf), amountsOf(spec.overhead));
}

/** What a pod may use at most; a resource is there only if every container has a limit for it. */
export function podLimits(spec: PodSpec): Amounts {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
  const limits = addAmounts(largestStep(spec, limitsOf), amountsOf(spec.overhead));
  const isLimited = (name: string): boolean => containers.every((container) => limitsOf(container)[name] !== undefined);
  return Object.fromEntries(Object.entries(limits).filter(([name]) => isLimited(name)));
}

/** Requests of one container; what it only limits, it requests as well. */
export function requestsOf({ resources }: Container): Amounts {
  return { ...amountsOf(resources?.limits), ...amountsOf(resources?.requests) };
}

function limitsOf({ resources }: Container): Amounts {
  return amountsOf(resources?.limits);
}

/** Sidecars (init containers that restart) start in order and stay, so each init step runs beside those before it. */
function largestStep(spec: PodSpec, read: (container: Container) => Amounts): Amounts {
  let sidecars: Amounts = {};
  let largest: Amounts = {};
  for (const init of spec.initContainers ?? []) {
    const step = addAmounts(sidecars, read(init));
    largest = maxAmounts(largest, step);
    if (isSidecar(init)) sidecars = step;
  }
  const running = spec.containers.reduce((sum, container) => addAmounts(sum, read(container)), sidecars);
  return maxAmounts(largest, running);
}

function isSidecar(init: Container): boolean {
  return init.restartPolicy === 'Always';
}

/** Sum per resource. */
export function addAmounts(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, (x, y) => x + y);
}

function maxAmounts(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, Math.max);
}

function merge(a: Amounts, b: Amounts, join: (x: number, y: number) => number): Amounts {
  const result = { ...a };
  for (const [name, amount] of Object.entries(b)) result[name] = join(result[name] ?? 0, amount);
  return result;
}

/** The quality-of-service class that `status.qosClass` shows; it decides who is killed first when memory runs out. */
export function qosClassOf(spec: PodSpec): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const counted = ['cpu', 'memory'];
  const isAsked = (amounts: Amounts): boolean => counted.some((name) => (amounts[name] ?? 0) > 0);
  if (!containers.some((container) => isAsked(requestsOf(container)) || isAsked(limitsOf(container)))) {
    return 'BestEffort';
  }
  const isGuaranteed = containers.every((container) => {
    const limits = limitsOf(container);
    const requests = requestsOf(container);
    return counted.every((name) => (limits[name] ?? 0) > 0 && requests[name] === limits[name]);
  });
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
