import type { Pod } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, nameColumn, none, wide } from './column.ts';
import { summarize } from './pod-status.ts';

export const podColumns: readonly Column[] = [
  nameColumn,
  column<Pod>('Ready', 'Ready containers of all', (pod, now) => summarize(pod, now).ready),
  column<Pod>('Status', 'State of the pod, in one word', (pod, now) => summarize(pod, now).status),
  column<Pod>(
    'Restarts',
    'Restarts of its containers, and when the last was',
    (pod, now) => summarize(pod, now).restarts,
  ),
  ageColumn,
  column<Pod>('IP', 'Address of the pod', ({ status }) => status?.podIP || none, wide),
  column<Pod>('Node', 'Node that runs it', ({ spec }) => spec?.nodeName || none, wide),
  column<Pod>(
    'Nominated Node',
    'Node where room is made for it',
    ({ status }) => status?.nominatedNodeName || none,
    wide,
  ),
  column<Pod>('Readiness Gates', 'Conditions from outside that hold, of all it asks for', readinessGates, wide),
];

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const holds = (wanted: string): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') ?? false;
  return `${gates.filter(({ conditionType }) => holds(conditionType)).length}/${gates.length}`;
}
