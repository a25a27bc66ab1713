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
  return [...new Map(selected.flatMap(({ rules }) => rules ?? []).map((rule) => [textOf(rule), rule])).values()];
}

/** The same for rules that say the same. */
function textOf(rule: PolicyRule): string {
  return JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)));
}
