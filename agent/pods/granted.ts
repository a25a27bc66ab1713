import { type Amounts, podRequests } from '../../shared/objects/pod-requests.ts';
import type { Container, Pod, PodSpec, Stored } from '../../shared/objects/types.ts';
import type { Granted } from './pod-record.ts';
import { type ResizeRefusal, specOf } from './pod-view.ts';

/** The resources that a spec asks for. */
export function grantedOf({ containers, initContainers = [] }: PodSpec): Granted {
  return Object.fromEntries([...initContainers, ...containers].map(({ name, resources = {} }) => [name, resources]));
}

/** The pod with the resources that were granted in place of those it asks for. */
export function withGranted(pod: Stored<Pod>, granted: Granted | undefined): Stored<Pod> {
  if (granted === undefined || pod.spec === undefined) return pod;
  const sized = (container: Container): Container => ({
    ...container,
    resources: granted[container.name] ?? container.resources ?? {},
  });
  const { containers, initContainers } = pod.spec;
  const inits = initContainers && { initContainers: initContainers.map(sized) };
  return { ...pod, spec: { ...pod.spec, containers: containers.map(sized), ...inits } };
}

/**
 * Why the pod cannot have what it asks for, in Kubernetes' words; undefined when it can. Of a resource of which it asks
 * no more than it has there is always enough. Amounts as in NodeFacts: millicores and bytes.
 */
export function judgeSize(
  asked: Stored<Pod>,
  held: Stored<Pod>,
  allocatable: Readonly<Record<string, number>>,
  others: Amounts,
): ResizeRefusal | undefined {
  const [wanted, has] = [podRequests(specOf(asked)), podRequests(specOf(held))];
  for (const name of ['memory', 'cpu']) {
    const [requested, capacity] = [wanted[name] ?? 0, allocatable[name] ?? Infinity];
    if (requested <= (has[name] ?? 0) || requested <= capacity) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { reason: 'Infeasible', message };
  }
  for (const name of ['cpu', 'memory']) {
    const [requested, capacity, used] = [wanted[name] ?? 0, allocatable[name] ?? Infinity, others[name] ?? 0];
    if (requested <= (has[name] ?? 0) || requested + used <= capacity) continue;
    const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return { reason: 'Deferred', message: `Node didn't have enough resource: ${name}, ${amounts}` };
  }
  return undefined;
}
