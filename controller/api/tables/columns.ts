import type { ResourceName } from '../../../shared/objects/resources.ts';
import type { ConfigMap, Lease, Namespace, Pod, Secret, ServiceAccount } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, none, wide } from './column.ts';
import { eventColumns } from './event-columns.ts';
import { nodeColumns } from './node-columns.ts';
import { summarize } from './pod-status.ts';
import { deploymentColumns, replicaSetColumns } from './workload-columns.ts';

const podColumns: readonly Column[] = [
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

const namespaceColumns: readonly Column[] = [
  nameColumn,
  column<Namespace>('Status', 'Active or Terminating', ({ status }) => status?.phase ?? ''),
  ageColumn,
];

const configMapColumns: readonly Column[] = [
  nameColumn,
  column<ConfigMap>('Data', 'Number of entries', ({ data, binaryData }) => count(data) + count(binaryData), integer),
  ageColumn,
];

const secretColumns: readonly Column[] = [
  nameColumn,
  column<Secret>('Type', 'What the secret is for', ({ type }) => type ?? ''),
  column<Secret>('Data', 'Number of entries', ({ data }) => count(data), integer),
  ageColumn,
];

const serviceAccountColumns: readonly Column[] = [
  nameColumn,
  column<ServiceAccount>('Secrets', 'Number of its secrets', ({ secrets }) => secrets?.length ?? 0, integer),
  ageColumn,
];

const leaseColumns: readonly Column[] = [
  nameColumn,
  column<Lease>('Holder', 'Who holds it', ({ spec }) => spec?.holderIdentity ?? ''),
  ageColumn,
];

const byResource: Readonly<Record<ResourceName, readonly Column[]>> = {
  pods: podColumns,
  nodes: nodeColumns,
  namespaces: namespaceColumns,
  configmaps: configMapColumns,
  secrets: secretColumns,
  serviceaccounts: serviceAccountColumns,
  events: eventColumns,
  'deployments.apps': deploymentColumns,
  'replicasets.apps': replicaSetColumns,
  'leases.coordination.k8s.io': leaseColumns,
};

const genericColumns: readonly Column[] = [nameColumn, ageColumn];

/** The columns of a resource; a name and an age where none are written down. */
export function columnsOf(resource: ResourceName): readonly Column[] {
  return Object.hasOwn(byResource, resource) ? (byResource[resource] ?? genericColumns) : genericColumns;
}

function count(entries: object | undefined): number {
  return Object.keys(entries ?? {}).length;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const holds = (wanted: string): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') ?? false;
  return `${gates.filter(({ conditionType }) => holds(conditionType)).length}/${gates.length}`;
}
