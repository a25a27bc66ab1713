import type { Cause } from '../../errors.ts';
import { readQuantity } from '../quantity.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricTarget } from '../types.ts';
import { eachOf, forbidden, invalid, notSupported, required } from './causes.ts';
import { atLeast, pathSegment } from './formats.ts';

const longestWindow = 3600;
const longestPeriod = 1800;

/** Where each type of metric says more, and which of its targets it may have. */
const sources: Readonly<Record<string, keyof MetricSpec>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

/** Checks a HorizontalPodAutoscaler. */
export function autoscalerCauses({ spec }: HorizontalPodAutoscaler): Cause[] {
  if (!spec) return [];
  const { minReplicas, maxReplicas, scaleTargetRef, metrics, behavior } = spec;
  const field = 'spec.maxReplicas';
  const isBelow = minReplicas !== undefined && maxReplicas < minReplicas;
  return [
    ...(minReplicas === undefined || minReplicas >= 1
      ? []
      : [invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1')]),
    ...atLeast(maxReplicas, field, 1),
    ...(isBelow ? [invalid(field, maxReplicas, 'must be greater than or equal to `minReplicas`')] : []),
    ...pathSegment(scaleTargetRef?.kind, 'spec.scaleTargetRef.kind'),
    ...pathSegment(scaleTargetRef?.name, 'spec.scaleTargetRef.name'),
    ...eachOf(metrics, 'spec.metrics', metricCauses),
    ...rulesCauses(behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...rulesCauses(behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}

function metricCauses(metric: MetricSpec, path: string): Cause[] {
  const { type } = metric;
  if (!type) return [];
  const source = Object.hasOwn(sources, type) ? sources[type] : undefined;
  if (!source) return [notSupported(`${path}.type`, type, Object.keys(sources))];
  const others = Object.values(sources).filter((name) => name !== source && metric[name] !== undefined);
  if (metric[source] === undefined) {
    return [required(`${path}.${source}`, 'must populate information for the given metric source')];
  }
  const { target } = metric[source] as { target?: MetricTarget };
  return [
    ...others.map((name) => forbidden(`${path}.${name}`, 'must populate the given metric source only')),
    ...(target ? targetCauses(target, source, `${path}.${source}.target`) : []),
  ];
}

function targetCauses(target: MetricTarget, source: keyof MetricSpec, path: string): Cause[] {
  const types = ['Utilization', 'Value', 'AverageValue'];
  const isOther = target.type && !types.includes(target.type);
  return [
    ...(isOther ? [notSupported(`${path}.type`, target.type, types)] : []),
    ...(['value', 'averageValue'] as const).flatMap((name) => positiveCauses(target[name], `${path}.${name}`)),
    ...atLeast(target.averageUtilization, `${path}.averageUtilization`, 1),
    ...choiceCauses(target, source, path),
  ];
}

function positiveCauses(text: string | undefined, field: string): Cause[] {
  if (text === undefined || (readQuantity(text)?.nano ?? 0n) > 0n) return [];
  return [invalid(field, text, 'must be positive')];
}

/** Each source of a metric is measured against one target. */
function choiceCauses(
  { value, averageValue, averageUtilization }: MetricTarget,
  source: string,
  path: string,
): Cause[] {
  const isResource = source === 'resource' || source === 'containerResource';
  if (isResource) {
    if (averageValue && averageUtilization !== undefined) {
      return [forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization')];
    }
    if (averageValue || averageUtilization !== undefined) return [];
    return [required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization')];
  }
  if (source === 'pods') {
    return averageValue ? [] : [required(`${path}.averageValue`, 'must specify a positive target averageValue')];
  }
  if (!value && !averageValue) {
    return [required(`${path}.averageValue`, 'must set either a target value or averageValue')];
  }
  if (value && averageValue && source === 'external') {
    return [forbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target')];
  }
  return [];
}

function rulesCauses(rules: HPAScalingRules | undefined, path: string): Cause[] {
  if (!rules) return [];
  const { policies = [], selectPolicy, stabilizationWindowSeconds: seconds = 0 } = rules;
  const choices = ['Disabled', 'Max', 'Min'];
  const field = `${path}.stabilizationWindowSeconds`;
  return [
    ...(seconds < 0 ? [invalid(field, seconds, 'must be greater than or equal to zero')] : []),
    ...(seconds > longestWindow ? [invalid(field, seconds, `must be less than or equal to ${longestWindow}`)] : []),
    ...(selectPolicy && !choices.includes(selectPolicy)
      ? [notSupported(`${path}.selectPolicy`, selectPolicy, choices)]
      : []),
    ...(policies.length === 0 ? [required(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...eachOf(policies, `${path}.policies`, policyCauses),
  ];
}

type Policy = NonNullable<HPAScalingRules['policies']>[number];

function policyCauses({ type, value, periodSeconds }: Policy, path: string): Cause[] {
  const types = ['Percent', 'Pods'];
  const period = `${path}.periodSeconds`;
  return [
    ...(type && !types.includes(type) ? [notSupported(`${path}.type`, type, types)] : []),
    ...(value <= 0 ? [invalid(`${path}.value`, value, 'must be greater than zero')] : []),
    ...(periodSeconds <= 0 ? [invalid(period, periodSeconds, 'must be greater than zero')] : []),
    ...(periodSeconds > longestPeriod
      ? [invalid(period, periodSeconds, `must be less than or equal to ${longestPeriod}`)]
      : []),
  ];
}
