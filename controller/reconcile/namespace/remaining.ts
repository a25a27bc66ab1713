import type { KubeObject, NamespaceCondition } from '../../../shared/objects/types.ts';

/** What is left of one resource in a namespace that is being deleted. */
export interface Remaining {
  resource: string;
  objects: readonly KubeObject[];
}

/** Conditions that say what the deletion waits for: the objects, and the finalizers that hold them. `at` is RFC 3339. */
export function remainingConditions(
  remaining: readonly Remaining[],
  at: string,
): (NamespaceCondition & { lastTransitionTime: string })[] {
  const content = remaining.map(({ resource, objects }) => `${resource} has ${objects.length} resource instances`);
  const finalizers = countFinalizers(remaining.flatMap(({ objects }) => objects));
  const holds = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${content.join(', ')}`,
      lastTransitionTime: at,
    },
    {
      type: 'NamespaceFinalizersRemaining',
      lastTransitionTime: at,
      ...(holds.length === 0
        ? { status: 'False', reason: 'ContentHasNoFinalizers', message: 'No content in the namespace has finalizers' }
        : {
            status: 'True',
            reason: 'SomeFinalizersRemain',
            message: `Some content in the namespace has finalizers remaining: ${holds.join(', ')}`,
          }),
    },
  ];
}

function countFinalizers(objects: readonly KubeObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { metadata } of objects) {
    for (const name of metadata.finalizers ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
