import type { Cause } from '../../errors.ts';
import { compareQuantities, parseQuantity, readQuantity, unitsOf, type Quantity } from '../quantity.ts';
import type { Container } from '../types.ts';
import { invalid } from './causes.ts';
import { labelKey } from './formats.ts';

const standard = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** No process starts with less; the kernel would kill it again and again. */
const leastMemory = parseQuantity('6Mi');

/** Checks requests and limits of a container. */
export function resourceCauses({ resources = {} }: Container, path: string): Cause[] {
  return [
    ...amountCauses(resources.limits, `${path}.limits`),
    ...amountCauses(resources.requests, `${path}.requests`),
    ...excessCauses(resources, `${path}.requests`),
    ...memoryCauses(resources.limits?.memory, `${path}.limits[memory]`),
  ];
}

/** Names and signs of a map of quantities. */
export function amountCauses(amounts: Readonly<Record<string, string>> | undefined, path: string): Cause[] {
  return Object.entries(amounts ?? {}).flatMap(([name, text]) => {
    const field = `${path}[${name}]`;
    const quantity = readQuantity(text);
    if (!quantity) return [invalid(field, text, 'must be a quantity')];
    return [...nameCauses(name, field), ...signCauses(name, quantity, text, field)];
  });
}

function nameCauses(name: string, field: string): Cause[] {
  const causes = labelKey(name, field);
  if (causes.length > 0 || standard.has(name) || name.includes('/') || name.startsWith('hugepages-')) return causes;
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

function signCauses(name: string, quantity: Quantity, text: string, field: string): Cause[] {
  if (quantity.nano < 0n) return [invalid(field, text, 'must be greater than or equal to 0')];
  const isWhole = standard.has(name) || quantity.nano % 1_000_000_000n === 0n;
  return isWhole ? [] : [invalid(field, text, 'must be an integer')];
}

type Resources = NonNullable<Container['resources']>;

function excessCauses({ limits = {}, requests = {} }: Resources, path: string): Cause[] {
  return Object.entries(requests).flatMap(([name, text]) => {
    const request = readQuantity(text);
    const limit = readQuantity(limits[name] ?? '');
    if (!request || !limit) return [];
    const order = compareQuantities(request, limit);
    if (order > 0) return [invalid(path, text, `must be less than or equal to ${name} limit of ${limits[name]}`)];
    if (order === 0 || standard.has(name)) return [];
    return [invalid(path, text, `must be equal to ${name} limit of ${limits[name]}`)];
  });
}

function memoryCauses(text: string | undefined, field: string): Cause[] {
  const limit = readQuantity(text ?? '');
  if (!limit || limit.nano <= 0n || compareQuantities(limit, leastMemory) >= 0) return [];
  return [invalid(field, text, `must be at least 6Mi (is ${unitsOf(limit)} bytes): no container can start with less`)];
}
