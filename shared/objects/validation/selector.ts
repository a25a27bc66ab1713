import type { Cause } from '../../errors.ts';
import { selects } from '../selector.ts';
import type { LabelSelector, LabelSelectorRequirement, PodTemplateSpec } from '../types.ts';
import { eachOf, forbidden, invalid, required } from './causes.ts';
import { labelKey, labelValue } from './formats.ts';
import { labelCauses } from './metadata.ts';

/** Checks a selector as specs carry it. */
export function selectorCauses(selector: LabelSelector | undefined, path: string): Cause[] {
  if (!selector) return [];
  return [
    ...labelCauses(selector.matchLabels, `${path}.matchLabels`),
    ...eachOf(selector.matchExpressions, `${path}.matchExpressions`, expressionCauses),
  ];
}

function expressionCauses({ key, operator, values = [] }: LabelSelectorRequirement, path: string): Cause[] {
  const isList = operator === 'In' || operator === 'NotIn';
  const causes = [
    ...labelKey(key, `${path}.key`),
    ...eachOf(values, `${path}.values`, (value, field) => labelValue(value, field)),
  ];
  if (isList && values.length === 0) {
    causes.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (!isList && values.length > 0) {
    causes.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  return causes;
}

/** Other operators are refused by the schema already. */
function hasKnownOperators({ matchExpressions = [] }: LabelSelector): boolean {
  return matchExpressions.every(({ operator }) => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator));
}

/** A workload's selector must be there, select something, and select the pods of its own template. */
export function workloadSelectorCauses(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind: string,
): Cause[] {
  const causes = selectorCauses(selector, 'spec.selector');
  if (!selector || causes.length > 0 || !hasKnownOperators(selector)) return causes;
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    return [invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)];
  }
  if (!template || selects(selector, template.metadata?.labels)) return [];
  const labels = template.metadata?.labels ?? {};
  return [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
}
