import type { NodeCondition } from '../../shared/objects/types.ts';

/** What to tell of a node whose cgroups lack controllers: pods run there, but may take more than their limits. */
export function limitsConditions(missing: readonly string[]): NodeCondition[] {
  if (missing.length === 0) return [];
  const message = `limits of ${missing.join(', ')} are not enforced: the cgroups of this machine do not offer them`;
  return [{ type: 'LimitsEnforced', status: 'False', reason: 'CgroupControllersMissing', message }];
}

/** What to tell of a node whose kernel cannot check what pods send: one pod there can speak as another. */
export function sendersConditions(problem: string | undefined): NodeCondition[] {
  if (problem === undefined) return [];
  const message = `pods can send in the name of others, since nft refused the rules: ${problem}`;
  return [{ type: 'PodSendersChecked', status: 'False', reason: 'BridgeRulesRefused', message }];
}
