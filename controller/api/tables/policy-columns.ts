import type { PodDisruptionBudget, PriorityClass, ResourceQuota, RuntimeClass } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, wide } from './column.ts';

const notSet = 'N/A';

export const disruptionBudgetColumns: readonly Column[] = [
  nameColumn,
  column<PodDisruptionBudget>('Min Available', 'Pods that have to stay', ({ spec }) =>
    String(spec?.minAvailable ?? notSet),
  ),
  column<PodDisruptionBudget>('Max Unavailable', 'Pods that may go', ({ spec }) =>
    String(spec?.maxUnavailable ?? notSet),
  ),
  column<PodDisruptionBudget>(
    'Allowed Disruptions',
    'Pods that may go now',
    ({ status }) => status?.disruptionsAllowed ?? 0,
    integer,
  ),
  ageColumn,
];

export const quotaColumns: readonly Column[] = [
  nameColumn,
  column<ResourceQuota>('Request', 'What is used of what may be asked for', (quota) => usage(quota, false)),
  column<ResourceQuota>('Limit', 'What is used of what limits may add up to', (quota) => usage(quota, true)),
  ageColumn,
];

export const priorityClassColumns: readonly Column[] = [
  nameColumn,
  column<PriorityClass>('Value', 'The higher, the earlier', ({ value }) => value, integer),
  column<PriorityClass>('Global-Default', 'Whether pods without a class get it', ({ globalDefault }) =>
    String(globalDefault ?? false),
  ),
  ageColumn,
  column<PriorityClass>(
    'PreemptionPolicy',
    'Whether others make room',
    ({ preemptionPolicy }) => preemptionPolicy ?? '',
    wide,
  ),
];

export const runtimeClassColumns: readonly Column[] = [
  nameColumn,
  column<RuntimeClass>('Handler', 'What runs its containers', ({ handler }) => handler),
  ageColumn,
];

function usage({ status }: ResourceQuota, ofLimits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([resource]) => resource.startsWith('limits.') === ofLimits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, hard]) => `${resource}: ${status?.used?.[resource] ?? '0'}/${hard}`)
    .join(', ');
}
