/** `Type.field` of every quantity, and of every map of quantities: the generated schemas call them strings. */
export const quantities: ReadonlySet<string> = new Set([
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
  'PodSpec.overhead',
  'PodStatus.allocatedResources',
  'ContainerStatus.allocatedResources',
  'NodeStatus.capacity',
  'NodeStatus.allocatable',
  'EmptyDirVolumeSource.sizeLimit',
  'ResourceFieldSelector.divisor',
]);
