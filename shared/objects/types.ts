/**
 * The Kubernetes types Berth speaks, JSON-shaped (times are strings), from the package kubernetes-types (API 1.30).
 * Types only: what is accepted, defaulted and published is decided by the schema table beside this file.
 */
import type { ObjectMeta } from 'kubernetes-types/meta/v1.d.ts';

export type {
  ConfigMap,
  Container,
  ContainerPort,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  EndpointAddress,
  Endpoints,
  EnvFromSource,
  EnvVar,
  EphemeralContainer,
  Event,
  LimitRange,
  LimitRangeItem,
  Namespace,
  NamespaceCondition,
  Node,
  NodeCondition,
  NodeSelector,
  NodeSelectorRequirement,
  NodeStatus,
  ObjectReference,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  PodTemplate,
  PodTemplateSpec,
  Probe,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  ServicePort,
  ServiceSpec,
  Taint,
  Toleration,
  Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1.d.ts';
export type {
  CronJob,
  CronJobSpec,
  CronJobStatus,
  Job,
  JobCondition,
  JobSpec,
  JobStatus,
  PodFailurePolicyRule,
  SuccessPolicy,
} from 'kubernetes-types/batch/v1.d.ts';
export type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2.d.ts';
export type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressRule,
  IngressSpec,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1.d.ts';
export type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.d.ts';
export type {
  PodDisruptionBudget,
  PodDisruptionBudgetSpec,
  PodDisruptionBudgetStatus,
} from 'kubernetes-types/policy/v1.d.ts';
export type { PriorityClass } from 'kubernetes-types/scheduling/v1.d.ts';
export type { RuntimeClass } from 'kubernetes-types/node/v1.d.ts';
export type { StorageClass } from 'kubernetes-types/storage/v1.d.ts';
export type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from 'kubernetes-types/rbac/v1.d.ts';
export type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  DeploymentCondition,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSet,
  ReplicaSetSpec,
  ReplicaSetStatus,
  StatefulSet,
  StatefulSetSpec,
} from 'kubernetes-types/apps/v1.d.ts';
export type { Lease } from 'kubernetes-types/coordination/v1.d.ts';
export type {
  Condition,
  LabelSelector,
  LabelSelectorRequirement,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  Status,
} from 'kubernetes-types/meta/v1.d.ts';

/** Any object as the store keeps it. Kind-specific fields are reached through the types above. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta & { name: string };
}

/** Which pod, by its uid, was bound to which node. */
export interface PodRecord {
  uid: string;
  namespace: string;
  name: string;
  node: string;
}

/** A stored object of a known kind: the store has given it a name, a uid and a version. */
export type Stored<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };
};
