import type { ResourceName } from '../../../shared/objects/resources.ts';
import type { ConfigMap, Lease, Namespace, Secret, ServiceAccount } from '../../../shared/objects/types.ts';
import { roleBindingColumns } from './access-columns.ts';
import { autoscalerColumns } from './autoscaler-columns.ts';
import { cronJobColumns, jobColumns } from './batch-columns.ts';
import type { Column } from './column.ts';
import { ageColumn, column, createdColumn, integer, nameColumn } from './column.ts';
import { eventColumns } from './event-columns.ts';
import {
  endpointsColumns,
  endpointSliceColumns,
  ingressClassColumns,
  ingressColumns,
  networkPolicyColumns,
  serviceColumns,
} from './network-columns.ts';
import { nodeColumns } from './node-columns.ts';
import { podColumns } from './pod-columns.ts';
import { disruptionBudgetColumns, priorityClassColumns, quotaColumns, runtimeClassColumns } from './policy-columns.ts';
import { persistentVolumeClaimColumns, persistentVolumeColumns, storageClassColumns } from './storage-columns.ts';
import {
  controllerRevisionColumns,
  daemonSetColumns,
  deploymentColumns,
  podTemplateColumns,
  replicaSetColumns,
  replicationControllerColumns,
  statefulSetColumns,
} from './workload-columns.ts';
import { usageColumns } from './usage-columns.ts';

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

type Scale = { spec?: { replicas?: number }; status?: { replicas?: number } };

const scaleColumns: readonly Column[] = [
  nameColumn,
  column<Scale>('Desired', 'Replicas it wants', ({ spec }) => spec?.replicas ?? 0, integer),
  column<Scale>('Available', 'Replicas it has', ({ status }) => status?.replicas ?? 0, integer),
  ageColumn,
];

/** Of kinds for which kubectl shows when they were made, not how long ago. */
const createdColumns: readonly Column[] = [nameColumn, createdColumn];

const byResource: Readonly<Record<ResourceName, readonly Column[]>> = {
  pods: podColumns,
  nodes: nodeColumns,
  namespaces: namespaceColumns,
  configmaps: configMapColumns,
  secrets: secretColumns,
  serviceaccounts: serviceAccountColumns,
  events: eventColumns,
  services: serviceColumns,
  endpoints: endpointsColumns,
  persistentvolumes: persistentVolumeColumns,
  persistentvolumeclaims: persistentVolumeClaimColumns,
  replicationcontrollers: replicationControllerColumns,
  podtemplates: podTemplateColumns,
  resourcequotas: quotaColumns,
  limitranges: createdColumns,
  'deployments.apps': deploymentColumns,
  'replicasets.apps': replicaSetColumns,
  'statefulsets.apps': statefulSetColumns,
  'daemonsets.apps': daemonSetColumns,
  'controllerrevisions.apps': controllerRevisionColumns,
  'jobs.batch': jobColumns,
  'cronjobs.batch': cronJobColumns,
  'horizontalpodautoscalers.autoscaling': autoscalerColumns,
  'poddisruptionbudgets.policy': disruptionBudgetColumns,
  'ingresses.networking.k8s.io': ingressColumns,
  'ingressclasses.networking.k8s.io': ingressClassColumns,
  'networkpolicies.networking.k8s.io': networkPolicyColumns,
  'endpointslices.discovery.k8s.io': endpointSliceColumns,
  'leases.coordination.k8s.io': leaseColumns,
  'priorityclasses.scheduling.k8s.io': priorityClassColumns,
  'storageclasses.storage.k8s.io': storageClassColumns,
  'runtimeclasses.node.k8s.io': runtimeClassColumns,
  'roles.rbac.authorization.k8s.io': createdColumns,
  'clusterroles.rbac.authorization.k8s.io': createdColumns,
  'rolebindings.rbac.authorization.k8s.io': roleBindingColumns,
  'clusterrolebindings.rbac.authorization.k8s.io': roleBindingColumns,
  'scales.autoscaling': scaleColumns,
  'nodes.metrics.k8s.io': usageColumns,
  'pods.metrics.k8s.io': usageColumns,
};

const genericColumns: readonly Column[] = [nameColumn, ageColumn];

/** The columns of a resource; a name and an age where none are written down. */
export function columnsOf(resource: ResourceName): readonly Column[] {
  return Object.hasOwn(byResource, resource) ? (byResource[resource] ?? genericColumns) : genericColumns;
}

function count(entries: object | undefined): number {
  return Object.keys(entries ?? {}).length;
}
