import type { Cause } from '../../errors.ts';
import type { NodeSelector, NodeSelectorRequirement, PodSpec } from '../types.ts';
import { between, labelKey } from './formats.ts';
import { eachOf, forbidden, invalid, required } from './causes.ts';

/** Checks which nodes something asks for. */
export function nodeSelectorCauses(selector: NodeSelector | undefined, path: string): Cause[] {
  if (!selector) return [];
  const terms = selector.nodeSelectorTerms ?? [];
  const field = `${path}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(field, 'must have at least one node selector term')];
  return eachOf(terms, field, ({ matchExpressions }, at) =>
    eachOf(matchExpressions, `${at}.matchExpressions`, expressionCauses),
  );
}

function expressionCauses({ key, operator, values = [] }: NodeSelectorRequirement, path: string): Cause[] {
  const field = `${path}.values`;
  const causes = labelKey(key, `${path}.key`);
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    causes.push(required(field, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    causes.push(forbidden(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1) {
    causes.push(required(field, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  }
  return causes;
}

/** Checks where a pod wants to be: nodes, other pods, and how it spreads. */
export function placementCauses({ affinity, topologySpreadConstraints }: PodSpec, path: string): Cause[] {
  const { nodeAffinity } = affinity ?? {};
  const field = `${path}.affinity.nodeAffinity`;
  return [
    ...nodeSelectorCauses(
      nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
      `${field}.requiredDuringSchedulingIgnoredDuringExecution`,
    ),
    ...eachOf(
      nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution,
      `${field}.preferredDuringSchedulingIgnoredDuringExecution`,
      ({ weight, preference }, at) => [
        ...weightCauses(weight, at),
        ...eachOf(preference?.matchExpressions, `${at}.preference.matchExpressions`, expressionCauses),
      ],
    ),
    ...(['podAffinity', 'podAntiAffinity'] as const).flatMap((name) =>
      eachOf(
        affinity?.[name]?.preferredDuringSchedulingIgnoredDuringExecution,
        `${path}.affinity.${name}.preferredDuringSchedulingIgnoredDuringExecution`,
        ({ weight }, at) => weightCauses(weight, at),
      ),
    ),
    ...eachOf(topologySpreadConstraints, `${path}.topologySpreadConstraints`, ({ maxSkew, topologyKey }, at) => [
      ...(maxSkew <= 0 ? [invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')] : []),
      ...labelKey(topologyKey, `${at}.topologyKey`),
    ]),
  ];
}

function weightCauses(weight: number, path: string): Cause[] {
  return between(weight, `${path}.weight`, 1, 100).length === 0
    ? []
    : [invalid(`${path}.weight`, weight, 'must be in the range 1-100')];
}
