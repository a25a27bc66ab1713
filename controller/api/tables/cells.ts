import { formatLabelSelector, requirementsOf } from '../../../shared/objects/selector.ts';
import type { LabelSelector } from '../../../shared/objects/types.ts';
import { none } from './column.ts';

export const unset = '<unset>';

/** A label selector as kubectl writes it; `<none>` when it selects everything or nothing. */
export function showSelector(selector: LabelSelector | undefined): string {
  return formatLabelSelector(requirementsOf(selector) ?? []) || none;
}

/** `a=b,c=d`, in the order of the keys. */
export function showLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join(',') || none;
}

/** `True` or `False`, as kubectl shows a switch that may be absent. */
export function showSwitch(value: boolean | undefined): string {
  if (value === undefined) return unset;
  return value ? 'True' : 'False';
}

/** The first `most` of a list, and how many more there are. */
export function firstFew(items: readonly string[], most: number, separator = ','): string {
  const shown = items.slice(0, most).join(separator);
  return items.length > most ? `${shown} + ${items.length - most} more...` : shown;
}
