import type { JobSpec, PodFailurePolicyRule } from '../../../shared/objects/types.ts';
import type { Ending, JobPod } from './observe.ts';

export interface PolicyVerdict {
  action: 'Count' | 'FailIndex' | 'FailJob' | 'Ignore';
  /** Which rule has matched, and why, as the condition of a failed Job says it. */
  message: string;
}

/** What the first matching rule makes of a failed pod; it counts when none matches. */
export function judgeFailure({ podFailurePolicy }: JobSpec, namespace: string, pod: JobPod): PolicyVerdict {
  for (const [at, rule] of (podFailurePolicy?.rules ?? []).entries()) {
    const why = match(rule, pod, `${namespace}/${pod.name}`);
    if (why === undefined) continue;
    const action = rule.action as PolicyVerdict['action'];
    return { action, message: `${why} matching ${action} rule at index ${at}` };
  }
  return { action: 'Count', message: '' };
}

function match(
  { onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  pod: JobPod,
  name: string,
): string | undefined {
  if (onExitCodes !== undefined) {
    const { containerName, operator, values } = onExitCodes;
    const isMeant = ({ container, exitCode }: Ending): boolean =>
      (containerName === undefined || containerName === container) &&
      exitCode !== 0 &&
      values.includes(exitCode) === (operator === 'In');
    const found = pod.endings.find(isMeant);
    return found && `Container ${found.container} for pod ${name} failed with exit code ${found.exitCode}`;
  }
  const found = onPodConditions.find((pattern) =>
    pod.conditions.some(({ type, status }) => type === pattern.type && status === (pattern.status ?? 'True')),
  );
  return found && `Pod ${name} has condition ${found.type}`;
}
