import type {
  Container,
  ControllerRevision,
  DaemonSet,
  Deployment,
  KubeObject,
  LabelSelector,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../../shared/objects/types.ts';
import { showLabels, showSelector } from './cells.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, none, wide } from './column.ts';

const selectorMeaning = 'Labels by which it finds its pods';

export const deploymentColumns: readonly Column[] = [
  nameColumn,
  column<Deployment>('Ready', 'Ready pods of all it wants', readyOfAll),
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
  ...templateColumns<Deployment>(({ spec }) => spec),
];

export const replicaSetColumns: readonly Column[] = [
  ...replicaColumns(),
  ...templateColumns<ReplicaSet>(({ spec }) => spec),
];

export const replicationControllerColumns: readonly Column[] = [
  ...replicaColumns(),
  ...containerColumns<ReplicationController>(({ spec }) => spec?.template),
  column<ReplicationController>('Selector', selectorMeaning, ({ spec }) => showLabels(spec?.selector), wide),
];

export const statefulSetColumns: readonly Column[] = [
  nameColumn,
  column<StatefulSet>('Ready', 'Ready pods of all it wants', readyOfAll),
  ageColumn,
  ...containerColumns<StatefulSet>(({ spec }) => spec?.template),
];

export const daemonSetColumns: readonly Column[] = [
  nameColumn,
  daemonCount('Desired', 'Nodes that should run it', 'desiredNumberScheduled'),
  daemonCount('Current', 'Nodes that have a pod of it', 'currentNumberScheduled'),
  daemonCount('Ready', 'Nodes whose pod is ready', 'numberReady'),
  daemonCount('Up-to-date', 'Nodes with a pod of the current template', 'updatedNumberScheduled'),
  daemonCount('Available', 'Nodes whose pod is ready for long enough', 'numberAvailable'),
  column<DaemonSet>('Node Selector', 'Labels of the nodes it is for', ({ spec }) =>
    showLabels(spec?.template.spec?.nodeSelector),
  ),
  ageColumn,
  ...templateColumns<DaemonSet>(({ spec }) => spec),
];

export const podTemplateColumns: readonly Column[] = [
  nameColumn,
  ...containerColumns<PodTemplate>(({ template }) => template, {}),
  column<PodTemplate>('Pod Labels', 'Labels of its pods', ({ template }) => showLabels(template?.metadata?.labels)),
];

export const controllerRevisionColumns: readonly Column[] = [
  nameColumn,
  column<ControllerRevision>('Controller', 'Whose state it keeps', ownerOf),
  column<ControllerRevision>('Revision', 'Number of the state', ({ revision }) => revision, integer),
  ageColumn,
];

interface Workload {
  template?: PodTemplateSpec;
  selector?: LabelSelector;
}

/** Containers, images and selector of what makes pods, with `-o wide`. */
export function templateColumns<T>(workloadOf: (object: T) => Workload | undefined): Column[] {
  return [
    ...containerColumns<T>((object) => workloadOf(object)?.template),
    column<T>('Selector', selectorMeaning, (object) => showSelector(workloadOf(object)?.selector), wide),
  ];
}

function containerColumns<T>(
  templateOf: (object: T) => PodTemplateSpec | undefined,
  more: Pick<Column, 'isWide'> = wide,
): Column[] {
  const listed = (object: T, pick: (container: Container) => string | undefined): string =>
    (templateOf(object)?.spec?.containers ?? []).map((container) => pick(container) ?? '').join(',') || none;
  return [
    column<T>('Containers', 'Containers of its pods', (object) => listed(object, ({ name }) => name), more),
    column<T>('Images', 'Images of its pods', (object) => listed(object, ({ image }) => image), more),
  ];
}

interface Replicated {
  spec?: { replicas?: number };
  status?: { replicas?: number; readyReplicas?: number };
}

function replicaColumns(): Column[] {
  return [
    nameColumn,
    column<Replicated>('Desired', 'Pods it wants', ({ spec }) => spec?.replicas ?? 0, integer),
    column<Replicated>('Current', 'Pods it has', ({ status }) => status?.replicas ?? 0, integer),
    column<Replicated>('Ready', 'Pods that are ready', ({ status }) => status?.readyReplicas ?? 0, integer),
    ageColumn,
  ];
}

function readyOfAll({ spec, status }: Replicated): string {
  return `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
}

type DaemonCount =
  'desiredNumberScheduled' | 'currentNumberScheduled' | 'numberReady' | 'updatedNumberScheduled' | 'numberAvailable';

function daemonCount(name: string, description: string, count: DaemonCount): Column {
  return column<DaemonSet>(name, description, ({ status }) => status?.[count] ?? 0, integer);
}

function ownerOf({ metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return none;
  const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`;
}
