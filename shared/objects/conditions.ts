/** What all of Kubernetes' condition types share. */
export interface AnyCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function findCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The list with `next` in place of its type's condition. The transition time moves only with the status. Returns the
 * very same list when nothing changes, so that a caller can tell.
 */
export function withCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  next: C & { lastTransitionTime: string },
): readonly C[] {
  const current = findCondition(conditions, next.type);
  if (conditions === undefined || current === undefined) return [...(conditions ?? []), next];
  const isSame = current.status === next.status && current.reason === next.reason && current.message === next.message;
  if (isSame) return conditions;
  const lastTransitionTime =
    current.status === next.status ? (current.lastTransitionTime ?? next.lastTransitionTime) : next.lastTransitionTime;
  return conditions.map((condition) => (condition === current ? { ...next, lastTransitionTime } : condition));
}

/** The list without this type's condition; the very same list when there is none. */
export function withoutCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): readonly C[] {
  if (findCondition(conditions, type) === undefined) return conditions ?? [];
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
