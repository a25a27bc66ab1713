import { formatLabelSelector, requirementsOf } from '../../../shared/objects/selector.ts';
import type {
  Container,
  Deployment,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
} from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, none, wide } from './column.ts';

export const deploymentColumns: readonly Column[] = [
  nameColumn,
  column<Deployment>('Ready', 'Ready pods of all it wants', ({ spec, status }) => {
    return `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
  }),
  column<Deployment>(
    'Up-to-date',
    'Pods of the current template',
    ({ status }) => status?.updatedReplicas ?? 0,
    integer,
  ),
  column<Deployment>(
    'Available',
    'Pods ready for long enough',
    ({ status }) => status?.availableReplicas ?? 0,
    integer,
  ),
  ageColumn,
  ...templateColumns(),
];

export const replicaSetColumns: readonly Column[] = [
  nameColumn,
  column<ReplicaSet>('Desired', 'Pods it wants', ({ spec }) => spec?.replicas ?? 0, integer),
  column<ReplicaSet>('Current', 'Pods it has', ({ status }) => status?.replicas ?? 0, integer),
  column<ReplicaSet>('Ready', 'Pods that are ready', ({ status }) => status?.readyReplicas ?? 0, integer),
  ageColumn,
  ...templateColumns(),
];

interface Workload {
  spec?: { template?: PodTemplateSpec; selector?: LabelSelector };
}

function templateColumns(): Column[] {
  const listed = ({ spec }: Workload, pick: (container: Container) => string | undefined): string =>
    (spec?.template?.spec?.containers ?? []).map((container) => pick(container) ?? '').join(',') || none;
  return [
    column<Workload>('Containers', 'Containers of its pods', (object) => listed(object, ({ name }) => name), wide),
    column<Workload>('Images', 'Images of its pods', (object) => listed(object, ({ image }) => image), wide),
    column<Workload>('Selector', 'Labels by which it finds its pods', ({ spec }) => showSelector(spec?.selector), wide),
  ];
}

function showSelector(selector: LabelSelector | undefined): string {
  const requirements = requirementsOf(selector) ?? [];
  return requirements.length === 0 ? none : formatLabelSelector(requirements);
}
