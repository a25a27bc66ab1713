import type { Cause } from '../../errors.ts';
import { applyDefaults } from '../defaults.ts';
import { resourceName, type ResourceInfo, type ResourceName } from '../resources.ts';
import { typeOf } from '../schema-table.ts';
import type { KubeObject, Pod } from '../types.ts';
import { autoscalerCauses } from './autoscaling.ts';
import { cronJobCauses, jobCauses, jobUpdateCauses } from './batch.ts';
import {
  eventCauses,
  leaseCauses,
  namespaceCauses,
  nodeCauses,
  nodeUpdateCauses,
  serviceAccountCauses,
} from './cluster.ts';
import { configMapCauses, immutableCauses, secretCauses, secretUpdateCauses } from './config.ts';
import { endpointsCauses, endpointSliceCauses, endpointSliceUpdateCauses } from './endpoints.ts';
import { ephemeralUpdateCauses } from './ephemeral.ts';
import { ingressCauses, ingressClassCauses, ingressClassUpdateCauses } from './ingress.ts';
import { toInvalid } from './invalid.ts';
import { metadataCauses, metadataUpdateCauses } from './metadata.ts';
import { networkPolicyCauses } from './network-policy.ts';
import { podCauses, podUpdateCauses } from './pod.ts';
import {
  budgetCauses,
  podTemplateCauses,
  priorityClassCauses,
  priorityClassUpdateCauses,
  revisionCauses,
  revisionUpdateCauses,
  runtimeClassCauses,
  runtimeClassUpdateCauses,
} from './policy.ts';
import { limitRangeCauses, quotaCauses, quotaUpdateCauses } from './quota.ts';
import {
  bindingUpdateCauses,
  clusterRoleBindingCauses,
  clusterRoleCauses,
  roleBindingCauses,
  roleCauses,
} from './rbac.ts';
import { resizeCauses } from './resize.ts';
import { schemaCauses } from './schema-rules.ts';
import { serviceCauses, serviceUpdateCauses } from './service.ts';
import {
  claimCauses,
  claimUpdateCauses,
  storageClassCauses,
  storageClassUpdateCauses,
  volumeObjectCauses,
  volumeObjectUpdateCauses,
} from './storage.ts';
import {
  daemonSetCauses,
  deploymentCauses,
  replicaSetCauses,
  replicationControllerCauses,
  statefulSetCauses,
  statefulSetUpdateCauses,
  workloadUpdateCauses,
} from './workload.ts';

/** The rules of one kind. `update` is what an update may not do, on top of `create`, unless it stands for both. */
interface Rules {
  create: (object: never) => Cause[];
  update?: (object: never, old: never) => Cause[];
  /** `update` repeats what it needs of `create`: the rest cannot change any more. */
  updateAlone?: true;
}

const rules: Readonly<Record<ResourceName, Rules>> = {
  namespaces: { create: namespaceCauses },
  nodes: { create: nodeCauses, update: nodeUpdateCauses },
  pods: { create: podCauses, update: podUpdateCauses, updateAlone: true },
  configmaps: { create: configMapCauses, update: immutableCauses },
  secrets: { create: secretCauses, update: secretUpdateCauses },
  serviceaccounts: { create: serviceAccountCauses },
  events: { create: eventCauses },
  services: { create: serviceCauses, update: serviceUpdateCauses },
  endpoints: { create: endpointsCauses },
  persistentvolumes: { create: volumeObjectCauses, update: volumeObjectUpdateCauses },
  persistentvolumeclaims: { create: claimCauses, update: claimUpdateCauses },
  replicationcontrollers: { create: replicationControllerCauses },
  podtemplates: { create: podTemplateCauses },
  resourcequotas: { create: quotaCauses, update: quotaUpdateCauses },
  limitranges: { create: limitRangeCauses },
  'deployments.apps': { create: deploymentCauses, update: workloadUpdateCauses },
  'replicasets.apps': { create: replicaSetCauses, update: workloadUpdateCauses },
  'statefulsets.apps': { create: statefulSetCauses, update: statefulSetUpdateCauses },
  'daemonsets.apps': { create: daemonSetCauses, update: workloadUpdateCauses },
  'controllerrevisions.apps': { create: revisionCauses, update: revisionUpdateCauses },
  'jobs.batch': { create: jobCauses, update: jobUpdateCauses },
  'cronjobs.batch': { create: cronJobCauses },
  'horizontalpodautoscalers.autoscaling': { create: autoscalerCauses },
  'poddisruptionbudgets.policy': { create: budgetCauses },
  'ingresses.networking.k8s.io': { create: ingressCauses },
  'ingressclasses.networking.k8s.io': { create: ingressClassCauses, update: ingressClassUpdateCauses },
  'networkpolicies.networking.k8s.io': { create: networkPolicyCauses },
  'endpointslices.discovery.k8s.io': { create: endpointSliceCauses, update: endpointSliceUpdateCauses },
  'leases.coordination.k8s.io': { create: leaseCauses },
  'priorityclasses.scheduling.k8s.io': { create: priorityClassCauses, update: priorityClassUpdateCauses },
  'storageclasses.storage.k8s.io': { create: storageClassCauses, update: storageClassUpdateCauses },
  'runtimeclasses.node.k8s.io': { create: runtimeClassCauses, update: runtimeClassUpdateCauses },
  'roles.rbac.authorization.k8s.io': { create: roleCauses },
  'clusterroles.rbac.authorization.k8s.io': { create: clusterRoleCauses },
  'rolebindings.rbac.authorization.k8s.io': { create: roleBindingCauses, update: bindingUpdateCauses },
  'clusterrolebindings.rbac.authorization.k8s.io': { create: clusterRoleBindingCauses, update: bindingUpdateCauses },
};

type Check = (object: KubeObject, old?: KubeObject) => Cause[];

/** Throws Invalid when a new object, decoded and with its defaults and name, breaks a rule. */
export function validateCreate(info: ResourceInfo, object: KubeObject): void {
  throwIfAny(info, object, createCauses(info, object));
}

/** Throws Invalid when an update breaks a rule or changes what must not change. */
export function validateUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject): void {
  throwIfAny(info, object, updateCauses(info, object, old));
}

/** As `validateUpdate` for a write to `pods/ephemeralcontainers`. */
export function validateEphemeralUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject): void {
  const own = ephemeralUpdateCauses(object as Pod, applyDefaults(info, old) as Pod);
  throwIfAny(info, object, [...sharedCauses(info, object), ...own]);
}

/** As `validateUpdate` for a write to `pods/resize`. */
export function validateResize(info: ResourceInfo, object: KubeObject, old: KubeObject): void {
  const own = resizeCauses(object as Pod, applyDefaults(info, old) as Pod);
  throwIfAny(info, object, [...sharedCauses(info, object), ...own]);
}

function throwIfAny(info: ResourceInfo, { metadata }: KubeObject, causes: Cause[]): void {
  if (causes.length > 0) throw toInvalid(info, metadata.name ?? metadata.generateName ?? '', causes);
}

/** What is wrong with a new object. */
export function createCauses(info: ResourceInfo, object: KubeObject): Cause[] {
  const own = rules[resourceName(info)]?.create as Check | undefined;
  return [...sharedCauses(info, object), ...(own?.(object) ?? [])];
}

/** What is wrong with an update from `stored` to `object`. What was stored without defaults is compared with them. */
export function updateCauses(info: ResourceInfo, object: KubeObject, stored: KubeObject): Cause[] {
  const old = applyDefaults(info, stored);
  const { create, update, updateAlone } = rules[resourceName(info)] ?? {};
  return [
    ...sharedCauses(info, object),
    ...metadataUpdateCauses(object, old),
    ...(updateAlone ? [] : ((create as Check | undefined)?.(object) ?? [])),
    ...((update as Check | undefined)?.(object, old) ?? []),
  ];
}

/** Events are written by programs that leave much out, so the schema does not bind them. */
function sharedCauses(info: ResourceInfo, object: KubeObject): Cause[] {
  const isEvent = resourceName(info) === 'events';
  const fields = object as unknown as Record<string, unknown>;
  return [...metadataCauses(info, object), ...(isEvent ? [] : schemaCauses(typeOf(info), fields))];
}
