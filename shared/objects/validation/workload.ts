import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import { readPercent } from '../int-or-percent.ts';
import { selects } from '../selector.ts';
import type {
  DaemonSet,
  Deployment,
  DeploymentSpec,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
  Volume,
} from '../types.ts';
import { forbidden, immutable, invalid, notSupported, required } from './causes.ts';
import { atLeast } from './formats.ts';
import { templateCauses } from './pod-spec.ts';
import { workloadSelectorCauses } from './selector.ts';

/** Checks a Deployment. */
export function deploymentCauses({ spec }: Deployment): Cause[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  return [
    ...sharedCauses(spec, 'deployment', 'Deployment'),
    ...atLeast(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', 0),
    ...progressCauses(spec),
    ...strategyCauses(spec.strategy),
  ];
}

/** Checks a ReplicaSet. */
export function replicaSetCauses({ spec }: ReplicaSet): Cause[] {
  return spec ? sharedCauses(spec, 'replicaset', 'ReplicaSet') : [required('spec.selector'), required('spec.template')];
}

/** Checks a ReplicationController, whose selector is plain labels. */
export function replicationControllerCauses({ spec }: ReplicationController): Cause[] {
  const { selector = {}, template } = spec ?? {};
  const labels = template?.metadata?.labels ?? {};
  const isEmpty = Object.keys(selector).length === 0;
  const isApart = !isEmpty && template !== undefined && !selects({ matchLabels: selector }, labels);
  const mismatch = '`selector` does not match template `labels`';
  return [
    ...atLeast(spec?.replicas, 'spec.replicas', 0),
    ...atLeast(spec?.minReadySeconds, 'spec.minReadySeconds', 0),
    ...(isEmpty ? [required('spec.selector')] : []),
    ...(template ? [] : [required('spec.template')]),
    ...(isApart ? [invalid('spec.template.metadata.labels', labels, mismatch)] : []),
    ...templateCauses(template, 'spec.template'),
    ...foreverCauses(template, 'ReplicationController'),
  ];
}

/** Checks a StatefulSet. */
export function statefulSetCauses({ spec }: StatefulSet): Cause[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  const { updateStrategy, ordinals, persistentVolumeClaimRetentionPolicy: retention = {} } = spec;
  const { type, rollingUpdate } = updateStrategy ?? {};
  const path = 'spec.updateStrategy.rollingUpdate';
  const ends = ['Retain', 'Delete'];
  return [
    ...sharedCauses({ ...spec, template: withClaims(spec) }, 'statefulset', 'StatefulSet'),
    ...(type === 'OnDelete' && rollingUpdate
      ? [invalid(path, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
      : []),
    ...atLeast(rollingUpdate?.partition, `${path}.partition`, 0),
    ...atLeast(ordinals?.start, 'spec.ordinals.start', 0),
    ...(['whenDeleted', 'whenScaled'] as const)
      .filter((name) => !ends.includes(retention[name] ?? 'Retain'))
      .map((name) => notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, retention[name], ends)),
  ];
}

/** The template with the volumes that its pods get from claims of their own, which their containers mount by name. */
function withClaims({ template, volumeClaimTemplates = [] }: Partial<StatefulSetSpec>): PodTemplateSpec | undefined {
  const spec = template?.spec;
  if (!spec) return template;
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name));
  for (const { name } of spec.volumes ?? []) names.delete(name);
  const claimed = [...names]
    .filter((name) => name)
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...spec, volumes: [...(spec.volumes ?? []), ...(claimed as Volume[])] } };
}

/** What each pod of a StatefulSet keeps cannot change below it. */
export function statefulSetUpdateCauses({ spec }: StatefulSet, { spec: old }: StatefulSet): Cause[] {
  const fixed = ({
    replicas: _replicas,
    ordinals: _ordinals,
    template: _template,
    updateStrategy: _strategy,
    persistentVolumeClaimRetentionPolicy: _retention,
    minReadySeconds: _seconds,
    ...rest
  }: StatefulSetSpec): unknown => rest;
  if (!spec || !old || isDeepStrictEqual(fixed(spec), fixed(old))) return [];
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbidden('spec', detail)];
}

/** Checks a DaemonSet. */
export function daemonSetCauses({ spec }: DaemonSet): Cause[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  return [
    ...sharedCauses(spec, 'daemonset', 'DaemonSet'),
    ...atLeast(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', 0),
    ...rolloutCauses(spec.updateStrategy),
  ];
}

/** On a node there is either one pod less while it is replaced, or one more. */
function rolloutCauses(strategy: NonNullable<DaemonSet['spec']>['updateStrategy']): Cause[] {
  const { type, rollingUpdate } = strategy ?? {};
  if (type !== 'RollingUpdate' || !rollingUpdate) return [];
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const path = 'spec.updateStrategy.rollingUpdate';
  const causes = [
    ...shareCauses(maxUnavailable, `${path}.maxUnavailable`),
    ...shareCauses(maxSurge, `${path}.maxSurge`),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    causes.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    causes.push(invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  }
  return causes;
}

/** The selector is what makes pods belong to a workload, so it stays as it was made. */
export function workloadUpdateCauses({ spec }: Workload, old: Workload): Cause[] {
  return spec?.selector ? immutable('spec.selector', spec.selector, old.spec?.selector) : [];
}

type Workload = Deployment | ReplicaSet | DaemonSet;

interface SharedSpec {
  replicas?: number;
  minReadySeconds?: number;
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

function sharedCauses(spec: SharedSpec, name: string, kind: string): Cause[] {
  return [
    ...atLeast(spec.replicas, 'spec.replicas', 0),
    ...atLeast(spec.minReadySeconds, 'spec.minReadySeconds', 0),
    ...workloadSelectorCauses(spec.selector, spec.template, name),
    ...templateCauses(spec.template, 'spec.template'),
    ...foreverCauses(spec.template, kind),
  ];
}

/** Pods of these workloads are meant to run for ever. */
function foreverCauses(template: PodTemplateSpec | undefined, kind: string): Cause[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  const path = 'spec.template.spec';
  const isOther = restartPolicy === 'Never' || restartPolicy === 'OnFailure';
  return [
    ...(isOther ? [notSupported(`${path}.restartPolicy`, restartPolicy, ['Always'])] : []),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbidden(`${path}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

function progressCauses({ progressDeadlineSeconds: deadline, minReadySeconds = 0 }: DeploymentSpec): Cause[] {
  const field = 'spec.progressDeadlineSeconds';
  const causes = atLeast(deadline, field, 0);
  if (deadline === undefined || deadline > minReadySeconds) return causes;
  return [...causes, invalid(field, deadline, 'must be greater than minReadySeconds')];
}

function strategyCauses(strategy: DeploymentSpec['strategy']): Cause[] {
  const { type, rollingUpdate } = strategy ?? {};
  const path = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    return rollingUpdate ? [forbidden(path, "may not be specified when strategy `type` is 'Recreate'")] : [];
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  const causes = [
    ...shareCauses(maxUnavailable, `${path}.maxUnavailable`),
    ...shareCauses(maxSurge, `${path}.maxSurge`),
  ];
  if (typeof maxUnavailable === 'string' && (readPercent(maxUnavailable) ?? 0) > 100) {
    causes.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'));
  }
  if (rollingUpdate && isZero(maxUnavailable) && isZero(maxSurge)) {
    causes.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return causes;
}

function isZero(value: number | string): boolean {
  return value === 0 || value === '0%';
}

/** A number or a share of a whole. */
export function shareCauses(value: number | string, field: string): Cause[] {
  if (typeof value === 'number') return atLeast(value, field, 0);
  if (readPercent(value) !== undefined) return [];
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalid(field, value, detail)];
}
