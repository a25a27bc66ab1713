import type {
  DaemonSet,
  Deployment,
  PersistentVolumeClaim,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../types.ts';
import { defaultPodSpec } from './pod.ts';
import { defaultClaim } from './storage.ts';

/** Fills in a Deployment. */
export function defaultDeployment({ spec }: Deployment): void {
  if (!spec) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  defaultTemplate(spec.template);
}

/** Fills in a ReplicaSet. */
export function defaultReplicaSet({ spec }: ReplicaSet): void {
  if (!spec) return;
  spec.replicas ??= 1;
  defaultTemplate(spec.template);
}

/** Fills in a ReplicationController: without a selector it selects what it makes. */
export function defaultReplicationController(controller: ReplicationController): void {
  const { spec } = controller;
  if (!spec) return;
  spec.replicas ??= 1;
  defaultTemplate(spec.template);
  const labels = spec.template?.metadata?.labels ?? {};
  if (Object.keys(labels).length === 0) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  if (Object.keys(controller.metadata?.labels ?? {}).length > 0) return;
  controller.metadata = { ...controller.metadata, labels: { ...labels } };
}

/** Fills in a PodTemplate. */
export function defaultPodTemplate({ template }: PodTemplate): void {
  defaultTemplate(template);
}

/** Fills in a StatefulSet. */
export function defaultStatefulSet({ spec }: StatefulSet): void {
  if (!spec) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') (strategy.rollingUpdate ??= {}).partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  for (const claim of spec.volumeClaimTemplates ?? []) defaultClaimTemplate(claim);
  defaultTemplate(spec.template);
}

function defaultClaimTemplate(claim: PersistentVolumeClaim): void {
  claim.apiVersion ||= 'v1';
  claim.kind ||= 'PersistentVolumeClaim';
  defaultClaim(claim);
}

/** Fills in a DaemonSet. */
export function defaultDaemonSet({ spec }: DaemonSet): void {
  if (!spec) return;
  spec.revisionHistoryLimit ??= 10;
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  defaultTemplate(spec.template);
}

/** A body may lack the template, whatever its type says: validation comes later. */
export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}
