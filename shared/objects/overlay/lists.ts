import type { FieldSchema } from '../schema.ts';

/** How a list or map merges, in a strategic merge patch and in server-side apply. */
export type MergeRules = Pick<FieldSchema, 'patchMergeKey' | 'patchStrategy' | 'listType' | 'listMapKeys' | 'mapType'>;

/** Elements are objects known by `key`; apply may need more keys to tell them apart. */
function byKey(key: string, ...applyKeys: string[]): MergeRules {
  const listMapKeys = applyKeys.length > 0 ? applyKeys : [key];
  return { patchMergeKey: key, patchStrategy: ['merge'], listType: 'map', listMapKeys };
}

const byNameWithRetainKeys: MergeRules = { ...byKey('name'), patchStrategy: ['merge', 'retainKeys'] };
const set: MergeRules = { patchStrategy: ['merge'], listType: 'set' };
const atomicMap: MergeRules = { mapType: 'atomic' };

/** `Type.field` to how it merges. Lists that are not here are replaced whole; maps and objects merge. */
export const mergeRules: Readonly<Record<string, MergeRules>> = {
  'ObjectMeta.ownerReferences': byKey('uid'),
  'ObjectMeta.finalizers': set,
  'PodSpec.containers': byKey('name'),
  'PodSpec.initContainers': byKey('name'),
  'PodSpec.ephemeralContainers': byKey('name'),
  'PodSpec.volumes': byNameWithRetainKeys,
  'PodSpec.imagePullSecrets': byKey('name'),
  'PodSpec.hostAliases': byKey('ip'),
  'PodSpec.topologySpreadConstraints': byKey('topologyKey', 'topologyKey', 'whenUnsatisfiable'),
  'PodSpec.schedulingGates': byKey('name'),
  'PodSpec.resourceClaims': byNameWithRetainKeys,
  'PodSpec.nodeSelector': atomicMap,
  'Container.ports': byKey('containerPort', 'containerPort', 'protocol'),
  'Container.env': byKey('name'),
  'Container.volumeMounts': byKey('mountPath'),
  'Container.volumeDevices': byKey('devicePath'),
  'EphemeralContainer.ports': byKey('containerPort', 'containerPort', 'protocol'),
  'EphemeralContainer.env': byKey('name'),
  'EphemeralContainer.volumeMounts': byKey('mountPath'),
  'EphemeralContainer.volumeDevices': byKey('devicePath'),
  'ResourceRequirements.claims': { listType: 'map', listMapKeys: ['name'] },
  'DeploymentSpec.strategy': { patchStrategy: ['retainKeys'] },
  'ServiceAccount.secrets': byKey('name'),
  'PodStatus.conditions': byKey('type'),
  'PodStatus.podIPs': byKey('ip'),
  'PodStatus.hostIPs': { patchMergeKey: 'ip', patchStrategy: ['merge'] },
  'ContainerStatus.volumeMounts': byKey('mountPath'),
  'ContainerStatus.allocatedResourcesStatus': byKey('name'),
  'NodeStatus.conditions': byKey('type'),
  'NodeStatus.addresses': byKey('type'),
  'NodeSpec.podCIDRs': set,
  'NamespaceStatus.conditions': byKey('type'),
  'DeploymentStatus.conditions': byKey('type'),
  'ReplicaSetStatus.conditions': byKey('type'),
  'ReplicationControllerStatus.conditions': byKey('type'),
  'StatefulSetStatus.conditions': byKey('type'),
  'DaemonSetStatus.conditions': byKey('type'),
  'JobStatus.conditions': { patchMergeKey: 'type', patchStrategy: ['merge'] },
  'HorizontalPodAutoscalerStatus.conditions': byKey('type'),
  'PodDisruptionBudgetStatus.conditions': byKey('type'),
  'PodDisruptionBudgetSpec.selector': { patchStrategy: ['replace'] },
  'PersistentVolumeClaimStatus.conditions': byKey('type'),
  'PersistentVolumeSpec.claimRef': { mapType: 'granular' },
  'ServiceStatus.conditions': byKey('type'),
  'ServiceSpec.ports': byKey('port', 'port', 'protocol'),
  'ServiceSpec.selector': atomicMap,
  'ReplicationControllerSpec.selector': atomicMap,
  'Scheduling.nodeSelector': atomicMap,
  'ControllerRevision.data': atomicMap,
  'HorizontalPodAutoscalerSpecV1.scaleTargetRef': atomicMap,
  'PodStatus.resourceClaimStatuses': byNameWithRetainKeys,
  'ResourceStatus.resources': { listType: 'map', listMapKeys: ['resourceID'] },
  'PodFailurePolicyOnExitCodesRequirement.values': { listType: 'set' },
  'UncountedTerminatedPods.failed': { listType: 'set' },
  'UncountedTerminatedPods.succeeded': { listType: 'set' },
  'Endpoint.addresses': { listType: 'set' },
};

/** Objects that apply replaces whole, wherever they stand. */
export const atomicTypes: ReadonlySet<string> = new Set([
  'LabelSelector',
  'ObjectReference',
  'LocalObjectReference',
  'TypedLocalObjectReference',
  'ConfigMapKeySelector',
  'SecretKeySelector',
  'FileKeySelector',
  'ObjectFieldSelector',
  'ResourceFieldSelector',
  'NodeSelector',
  'NodeSelectorTerm',
  'OwnerReference',
  'RoleRef',
  'ScopeSelector',
  'SecretReference',
  'ServiceBackendPort',
]);
