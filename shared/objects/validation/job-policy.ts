import type { Cause } from '../../errors.ts';
import type { JobSpec, PodFailurePolicyRule } from '../types.ts';
import { eachOf, invalid, notFound, notSupported, required, tooMany } from './causes.ts';
import { labelKey } from './formats.ts';

const most = { rules: 20, exitCodes: 255, patterns: 20 };
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

type ExitCodes = NonNullable<PodFailurePolicyRule['onExitCodes']>;

/** Checks what a job makes of failures and of successes of single pods. */
export function jobPolicyCauses(spec: JobSpec, path: string): Cause[] {
  const { podFailurePolicy, podReplacementPolicy, template } = spec;
  const policies = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  const isOther = podReplacementPolicy && !policies.includes(podReplacementPolicy);
  const restart = template?.spec?.restartPolicy;
  const detail = 'only "Never" is supported when podFailurePolicy is specified';
  const restarts = podFailurePolicy !== undefined && restart === 'OnFailure';
  return [
    ...(isOther ? [notSupported(`${path}.podReplacementPolicy`, podReplacementPolicy, policies)] : []),
    ...(restarts ? [invalid(`${path}.template.spec.restartPolicy`, restart, detail)] : []),
    ...failureCauses(spec, `${path}.podFailurePolicy.rules`),
    ...successCauses(spec, `${path}.successPolicy`),
  ];
}

function failureCauses(spec: JobSpec, path: string): Cause[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  return [
    ...(rules.length > most.rules ? [tooMany(path, rules.length, most.rules)] : []),
    ...eachOf(rules, path, (rule, at) => ruleCauses(rule, spec, at)),
  ];
}

function ruleCauses(
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  spec: JobSpec,
  path: string,
): Cause[] {
  const causes = action && !actions.includes(action) ? [notSupported(`${path}.action`, action, actions)] : [];
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    causes.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  }
  if (onExitCodes && onPodConditions.length > 0) {
    causes.push(invalid(path, null, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  } else if (!onExitCodes && onPodConditions.length === 0) {
    causes.push(invalid(path, null, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
  if (onPodConditions.length > most.patterns) {
    causes.push(tooMany(`${path}.onPodConditions`, onPodConditions.length, most.patterns));
  }
  return [
    ...causes,
    ...(onExitCodes ? exitCauses(onExitCodes, spec, `${path}.onExitCodes`) : []),
    ...eachOf(onPodConditions, `${path}.onPodConditions`, ({ type, status }, at) => [
      ...labelKey(type, `${at}.type`),
      ...(status && !['False', 'True', 'Unknown'].includes(status)
        ? [notSupported(`${at}.status`, status, ['False', 'True', 'Unknown'])]
        : []),
    ]),
  ];
}

function exitCauses(
  { containerName, operator, values = [] }: Partial<ExitCodes>,
  spec: JobSpec,
  path: string,
): Cause[] {
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const isKnown = !containerName || [...containers, ...initContainers].some(({ name }) => name === containerName);
  const isZero = operator === 'In' && values.includes(0);
  const isSorted = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  return [
    ...(isKnown ? [] : [notFound(`${path}.containerName`, containerName)]),
    ...(operator && !['In', 'NotIn'].includes(operator)
      ? [notSupported(`${path}.operator`, operator, ['In', 'NotIn'])]
      : []),
    ...(values.length === 0 ? [invalid(`${path}.values`, values, 'at least one value is required')] : []),
    ...(values.length > most.exitCodes ? [tooMany(`${path}.values`, values.length, most.exitCodes)] : []),
    ...(isZero ? [invalid(`${path}.values`, 0, 'must not be 0 for the In operator')] : []),
    ...(isSorted ? [] : [invalid(`${path}.values`, values, 'must be ordered and unique')]),
  ];
}

function successCauses({ successPolicy, completionMode, completions = 0 }: JobSpec, path: string): Cause[] {
  if (!successPolicy) return [];
  if (completionMode !== 'Indexed') return [invalid(path, successPolicy, 'requires indexed completion mode')];
  const rules = successPolicy.rules ?? [];
  if (rules.length === 0)
    return [required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified')];
  return [
    ...(rules.length > most.rules ? [tooMany(`${path}.rules`, rules.length, most.rules)] : []),
    ...eachOf(rules, `${path}.rules`, ({ succeededCount, succeededIndexes }, at) => {
      if (succeededCount === undefined && !succeededIndexes) {
        return [required(at, 'at least one of succeededCount or succeededIndexes must be specified')];
      }
      if (succeededCount === undefined || (succeededCount > 0 && succeededCount <= completions)) return [];
      const detail =
        succeededCount > 0
          ? `must be less than or equal to ${completions} (the number of specified completions)`
          : 'must be greater than 0';
      return [invalid(`${at}.succeededCount`, succeededCount, detail)];
    }),
  ];
}
