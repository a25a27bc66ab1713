import { matchesLabels } from './selector.ts';
import type { Requirement } from './selector.ts';
import type { KubeObject, Node, PodSpec } from './types.ts';

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>;
type Term = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms'][number];

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const;

/** Says whether a node is one that the pod's nodeSelector and required node affinity ask for. */
export function matchesNode(spec: PodSpec, node: KubeObject & Node): boolean {
  const labels = node.metadata.labels ?? {};
  const hasSelected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return hasSelected && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
}

/** The sum of the weights of the preferred terms that a node matches. */
export function preferenceFor(spec: PodSpec, node: KubeObject & Node): number {
  const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred
    .filter(({ preference }) => matchesTerm(preference, node))
    .reduce((total, { weight }) => total + weight, 0);
}

/** A term without any condition matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: Term, { metadata }: KubeObject & Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchesAll(matchExpressions, metadata.labels ?? {}) && matchesAll(matchFields, { 'metadata.name': metadata.name })
  );
}

function matchesAll(
  expressions: readonly { key: string; operator: string; values?: string[] }[],
  labels: Record<string, string>,
): boolean {
  const requirements = expressions.map(({ key, operator, values = [] }): Requirement | undefined => {
    const known = operators.find((each) => each === operator);
    return known && { key, operator: known, values };
  });
  return requirements.every((requirement) => requirement !== undefined && matchesLabels([requirement], labels));
}
