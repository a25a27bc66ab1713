#!/usr/bin/env bash
# Makes the vectors anew, on Debian 13 with golang-go and golang-k8s-client-go-dev (0.32.3 when they were made).
set -euo pipefail
cd "$(dirname "$0")"
export GO111MODULE=off GOPATH=/usr/share/gocode

generate() { # what, then kinds
  go run generate.go patches.go applies.go "$@" | gzip -9n >"$1.jsonl.gz"
}
all=(
  apps/v1/ControllerRevision apps/v1/DaemonSet apps/v1/Deployment apps/v1/ReplicaSet apps/v1/StatefulSet
  authentication.k8s.io/v1/SelfSubjectReview authentication.k8s.io/v1/TokenRequest
  authentication.k8s.io/v1/TokenReview authorization.k8s.io/v1/LocalSubjectAccessReview
  authorization.k8s.io/v1/SelfSubjectAccessReview authorization.k8s.io/v1/SelfSubjectRulesReview
  authorization.k8s.io/v1/SubjectAccessReview autoscaling/v1/HorizontalPodAutoscaler autoscaling/v1/Scale
  autoscaling/v2/HorizontalPodAutoscaler batch/v1/CronJob batch/v1/Job coordination.k8s.io/v1/Lease
  discovery.k8s.io/v1/EndpointSlice events.k8s.io/v1/Event networking.k8s.io/v1/Ingress
  networking.k8s.io/v1/IngressClass networking.k8s.io/v1/NetworkPolicy node.k8s.io/v1/RuntimeClass
  policy/v1/Eviction policy/v1/PodDisruptionBudget rbac.authorization.k8s.io/v1/ClusterRole
  rbac.authorization.k8s.io/v1/ClusterRoleBinding rbac.authorization.k8s.io/v1/Role
  rbac.authorization.k8s.io/v1/RoleBinding scheduling.k8s.io/v1/PriorityClass storage.k8s.io/v1/StorageClass
  v1/Binding v1/ConfigMap v1/Endpoints v1/Event v1/LimitRange v1/Namespace v1/Node v1/PersistentVolume
  v1/PersistentVolumeClaim v1/Pod v1/PodTemplate v1/ReplicationController v1/ResourceQuota v1/Secret v1/Service
  v1/ServiceAccount
)
patched=(
  apps/v1/Deployment apps/v1/StatefulSet batch/v1/CronJob batch/v1/Job v1/Pod v1/Service v1/ServiceAccount
  v1/ConfigMap v1/Node v1/PersistentVolume networking.k8s.io/v1/Ingress networking.k8s.io/v1/NetworkPolicy
  policy/v1/PodDisruptionBudget autoscaling/v2/HorizontalPodAutoscaler
)
applied=(
  v1/ConfigMap v1/Service v1/ServiceAccount v1/Node v1/LimitRange v1/ResourceQuota v1/PodTemplate apps/v1/Deployment
  apps/v1/DaemonSet apps/v1/StatefulSet apps/v1/ReplicaSet batch/v1/Job batch/v1/CronJob
  policy/v1/PodDisruptionBudget rbac.authorization.k8s.io/v1/ClusterRole storage.k8s.io/v1/StorageClass
  scheduling.k8s.io/v1/PriorityClass networking.k8s.io/v1/Ingress autoscaling/v2/HorizontalPodAutoscaler
  coordination.k8s.io/v1/Lease
)
generate objects "${all[@]}"
generate patches "${patched[@]}"
generate applies "${applied[@]}"
