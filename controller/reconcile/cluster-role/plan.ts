import { isDeepStrictEqual } from 'node:util';
import { selects } from '../../../shared/objects/selector.ts';
import type { ClusterRole, KubeObject, PolicyRule } from '../../../shared/objects/types.ts';

export type ClusterRoleObject = KubeObject & ClusterRole;

/** The rules that a role with an aggregationRule is to hold: those of all other roles it selects, each once. */
export function aggregateRules(role: ClusterRoleObject, all: readonly ClusterRoleObject[]): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const selected = all.filter(
    ({ metadata }) =>
      metadata.name !== role.metadata.name && selectors.some((selector) => selects(selector, metadata.labels)),
  );
  const rules: PolicyRule[] = [];
  for (const rule of selected.flatMap((each) => each.rules ?? [])) {
    if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
  }
  return rules;
}
