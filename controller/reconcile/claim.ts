import { ApiError } from '../../shared/errors.ts';
import { matchesLabels, requirementsOf, type Labels } from '../../shared/objects/selector.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import type { KubeObject, LabelSelector } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import { controllerOf, planClaim, withController, withoutOwners } from './owners.ts';

/**
 * Adopts and releases children of `owner` so that it controls exactly those it selects, and resolves with them. A
 * selector that selects nothing, or everything, claims nothing new and releases nothing.
 */
export async function claimChildren<T extends KubeObject>(
  store: Store,
  resource: ResourceName,
  owner: KubeObject & { spec?: { selector?: LabelSelector } },
  orphans: readonly T[],
): Promise<T[]> {
  const owned = store
    .dependents(owner.metadata.uid ?? '')
    .filter(({ key }) => key.resource === resource)
    .map(({ object }) => object as T);
  const requirements = requirementsOf(owner.spec?.selector) ?? [];
  if (requirements.length === 0) return owned;
  const { own, adopt, release } = planClaim(owner, requirements, [...owned, ...orphans]);
  await Promise.all(release.map((child) => releaseChild(store, resource, owner, child)));
  const adopted = await Promise.all(adopt.map((child) => adoptChild(store, resource, owner, child)));
  return [...own, ...adopted];
}

/** Throws Invalid for labels that `selector` does not match: a child with them would be released and made again for ever. */
export function checkSelected(selector: LabelSelector | undefined, labels: Labels | undefined): void {
  if (matchesLabels(requirementsOf(selector) ?? [], labels)) return;
  throw new ApiError('Invalid', 'the labels of its template do not match its selector');
}

/** Throws Conflict when the child has changed: somebody else may have adopted it. */
function adoptChild<T extends KubeObject>(
  store: Store,
  resource: ResourceName,
  owner: KubeObject,
  child: T,
): Promise<T> {
  return store.update(resource, withController(child, owner));
}

async function releaseChild<T extends KubeObject>(
  store: Store,
  resource: ResourceName,
  owner: KubeObject,
  child: T,
): Promise<void> {
  if (controllerOf(child)?.uid !== owner.metadata.uid) return;
  await store.update(resource, withoutOwners(child, [owner.metadata.uid ?? '']));
}
