import type { Node } from './types.ts';

/** Whether it is a resource that users name: it has a domain, and that is not Kubernetes' own. */
export function isExtendedResource(name: string): boolean {
  const [domain = '', ...rest] = name.split('/');
  return rest.length > 0 && domain !== 'kubernetes.io' && !domain.endsWith('.kubernetes.io');
}

/** Lets pods have all of the extended resources that a node has, as a kubelet does. */
export function defaultNode({ status }: Node): void {
  const { capacity = {}, allocatable } = status ?? {};
  const names = [...Object.keys(capacity), ...Object.keys(allocatable ?? {})].filter(isExtendedResource);
  if (status === undefined || names.length === 0) return;
  const shared: Record<string, string> = { ...allocatable };
  for (const name of names) {
    const amount = capacity[name];
    if (amount === undefined) delete shared[name];
    else shared[name] = amount;
  }
  status.allocatable = shared;
}
