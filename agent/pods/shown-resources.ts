import type { Container, ContainerStatus } from '../../shared/objects/types.ts';
import { amountsOf } from '../../shared/objects/pod-requests.ts';
import { formatQuantity } from '../../shared/objects/quantity.ts';
import type { Latest } from './pod-view.ts';

type Shown = Pick<ContainerStatus, 'allocatedResources' | 'resources'>;
type Amounts = Record<string, string>;

/** What is granted to a container, and what is in force while it runs. */
export function shownResources({ resources = {} }: Container, { state, status }: Latest): Shown {
  const { requests, limits } = resources;
  const size = state === 'running' ? status?.size : undefined;
  const real: [Amounts | undefined, string, number | undefined][] = [
    [requests, 'cpu', size?.cpuRequestMillis],
    [limits, 'cpu', size?.cpuLimitMillis],
    [limits, 'memory', size?.memoryLimitBytes],
  ];
  const inForce = (amounts: Amounts): Amounts =>
    Object.fromEntries(
      Object.entries(amounts).map(([name, text]) => {
        const found = real.find(([of, resource]) => of === amounts && resource === name)?.[2];
        return [name, found === undefined ? text : textOf(name, found, text)];
      }),
    );
  return {
    ...(requests && { allocatedResources: requests }),
    resources: { ...(limits && { limits: inForce(limits) }), ...(requests && { requests: inForce(requests) }) },
  };
}

/** As it was written, as long as that is the amount. Amounts as in ContainerSize. */
function textOf(name: string, amount: number, written: string): string {
  if (amountsOf({ [name]: written })[name] === amount) return written;
  const nano = BigInt(amount) * (name === 'cpu' ? 1_000_000n : 1_000_000_000n);
  return formatQuantity({ nano, format: name === 'cpu' ? 'decimal' : 'binary' });
}
