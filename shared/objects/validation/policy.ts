import type { Cause } from '../../errors.ts';
import { readPercent } from '../int-or-percent.ts';
import type { ControllerRevision, PodDisruptionBudget, PodTemplate, PriorityClass, RuntimeClass } from '../types.ts';
import { forbidden, immutable, invalid, notSupported, required } from './causes.ts';
import { atLeast, dnsLabel } from './formats.ts';
import { labelCauses } from './metadata.ts';
import { templateCauses } from './pod-spec.ts';
import { amountCauses } from './resource-amounts.ts';
import { selectorCauses } from './selector.ts';
import { shareCauses } from './workload.ts';

const evictionPolicies = ['AlwaysAllow', 'IfHealthyBudget'];

/** Checks a PodDisruptionBudget. */
export function budgetCauses({ spec = {} }: PodDisruptionBudget): Cause[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    return [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')];
  }
  return [
    ...amountOfPodsCauses(minAvailable, 'spec.minAvailable'),
    ...amountOfPodsCauses(maxUnavailable, 'spec.maxUnavailable'),
    ...selectorCauses(selector, 'spec.selector'),
    ...(policy && !evictionPolicies.includes(policy)
      ? [notSupported('spec.unhealthyPodEvictionPolicy', policy, evictionPolicies)]
      : []),
  ];
}

function amountOfPodsCauses(value: number | string | undefined, field: string): Cause[] {
  if (value === undefined) return [];
  const isMore = typeof value === 'string' && (readPercent(value) ?? 0) > 100;
  return [...shareCauses(value, field), ...(isMore ? [invalid(field, value, 'must not be greater than 100%')] : [])];
}

/** The highest priority that users may give. */
const highestPriority = 1_000_000_000;
/** What keeps a cluster alive goes before everything else. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** Checks a PriorityClass. */
export function priorityClassCauses({ metadata, value = 0, preemptionPolicy }: Partial<PriorityClass>): Cause[] {
  const name = metadata?.name ?? '';
  const policies = ['Never', 'PreemptLowerPriority'];
  const isSystem = systemClasses[name] === value;
  const reserved = "priority class names with 'system-' prefix are reserved for system use only";
  const highest = `maximum allowed value of a user defined priority is ${highestPriority}`;
  return [
    ...(name.startsWith('system-') && !isSystem ? [forbidden('metadata.name', reserved)] : []),
    ...(value > highestPriority && !name.startsWith('system-') ? [forbidden('value', highest)] : []),
    ...(preemptionPolicy && !policies.includes(preemptionPolicy)
      ? [notSupported('preemptionPolicy', preemptionPolicy, policies)]
      : []),
  ];
}

/** Pods were scheduled by what a class said then. */
export function priorityClassUpdateCauses(next: PriorityClass, old: PriorityClass): Cause[] {
  return [
    ...((next.value ?? 0) === (old.value ?? 0) ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', next.preemptionPolicy, old.preemptionPolicy),
  ];
}

/** Checks a RuntimeClass. */
export function runtimeClassCauses({ handler, overhead, scheduling }: RuntimeClass): Cause[] {
  return [
    ...dnsLabel(handler, 'handler'),
    ...amountCauses(overhead?.podFixed, 'overhead.podFixed'),
    ...labelCauses(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
  ];
}

/** Pods run by what a class said then. */
export function runtimeClassUpdateCauses({ handler }: RuntimeClass, old: RuntimeClass): Cause[] {
  return immutable('handler', handler, old.handler);
}

/** Checks a ControllerRevision. */
export function revisionCauses({ data, revision }: ControllerRevision): Cause[] {
  return [...(data === undefined ? [required('data', 'data is mandatory')] : []), ...atLeast(revision, 'revision', 0)];
}

/** A revision is what was: only its number may rise. */
export function revisionUpdateCauses({ data }: ControllerRevision, old: ControllerRevision): Cause[] {
  return immutable('data', data, old.data);
}

/** Checks a PodTemplate. */
export function podTemplateCauses({ template }: PodTemplate): Cause[] {
  return templateCauses(template, 'template');
}
