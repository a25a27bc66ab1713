const protocol = ['SCTP', 'TCP', 'UDP'];
const imagePullPolicy = ['Always', 'IfNotPresent', 'Never'];
const terminationMessagePolicy = ['FallbackToLogsOnError', 'File'];
const inclusionPolicy = ['Honor', 'Ignore'];
const taintEffect = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

/**
 * `Type.field` to the values it may have, sorted as messages list them. Only for fields where every other value is
 * refused on any write; a field whose values depend on others belongs to the validation of its kind.
 */
export const enums: Readonly<Record<string, readonly string[]>> = {
  'PodSpec.restartPolicy': ['Always', 'Never', 'OnFailure'],
  'PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'PodSpec.preemptionPolicy': ['Never', 'PreemptLowerPriority'],
  'PodOS.name': ['linux'],
  'Container.imagePullPolicy': imagePullPolicy,
  'Container.terminationMessagePolicy': terminationMessagePolicy,
  'EphemeralContainer.imagePullPolicy': imagePullPolicy,
  'EphemeralContainer.terminationMessagePolicy': terminationMessagePolicy,
  'ContainerPort.protocol': protocol,
  'ContainerResizePolicy.restartPolicy': ['NotRequired', 'RestartContainer'],
  'HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
  'VolumeMount.mountPropagation': ['Bidirectional', 'HostToContainer', 'None'],
  'VolumeMount.recursiveReadOnly': ['Disabled', 'Enabled', 'IfPossible'],
  'EmptyDirVolumeSource.medium': ['', 'Memory'],
  'HostPathVolumeSource.type': [
    '',
    'BlockDevice',
    'CharDevice',
    'Directory',
    'DirectoryOrCreate',
    'File',
    'FileOrCreate',
    'Socket',
  ],
  'SecurityContext.procMount': ['Default', 'Unmasked'],
  'SeccompProfile.type': ['Localhost', 'RuntimeDefault', 'Unconfined'],
  'AppArmorProfile.type': ['Localhost', 'RuntimeDefault', 'Unconfined'],
  'PodSecurityContext.fsGroupChangePolicy': ['Always', 'OnRootMismatch'],
  'PodSecurityContext.supplementalGroupsPolicy': ['Merge', 'Strict'],
  'PodSecurityContext.seLinuxChangePolicy': ['MountOption', 'Recursive'],
  'TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'TopologySpreadConstraint.nodeAffinityPolicy': inclusionPolicy,
  'TopologySpreadConstraint.nodeTaintsPolicy': inclusionPolicy,
  'NodeSelectorRequirement.operator': ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'],
  'LabelSelectorRequirement.operator': ['DoesNotExist', 'Exists', 'In', 'NotIn'],
  'Toleration.operator': ['Equal', 'Exists'],
  'Toleration.effect': taintEffect,
  'Taint.effect': taintEffect,
  'DeploymentStrategy.type': ['Recreate', 'RollingUpdate'],
  'StatefulSetUpdateStrategy.type': ['OnDelete', 'RollingUpdate'],
  'StatefulSetSpec.podManagementPolicy': ['OrderedReady', 'Parallel'],
  'DaemonSetUpdateStrategy.type': ['OnDelete', 'RollingUpdate'],
  'JobSpec.completionMode': ['Indexed', 'NonIndexed'],
  'CronJobSpec.concurrencyPolicy': ['Allow', 'Forbid', 'Replace'],
  'ServiceSpec.type': ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  'ServiceSpec.sessionAffinity': ['ClientIP', 'None'],
  'ServiceSpec.internalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.externalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.ipFamilyPolicy': ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
  'ServiceSpec.trafficDistribution': ['PreferClose', 'PreferSameNode', 'PreferSameZone'],
  'ServicePort.protocol': protocol,
  'EndpointPort.protocol': protocol,
  'DiscoveryEndpointPort.protocol': protocol,
  'EndpointSlice.addressType': ['FQDN', 'IPv4', 'IPv6'],
  'NetworkPolicyPort.protocol': protocol,
  'IngressClassParametersReference.scope': ['Cluster', 'Namespace'],
  'HTTPIngressPath.pathType': ['Exact', 'ImplementationSpecific', 'Prefix'],
};
