import { matchesLabels } from '../../shared/objects/selector.ts';
import type { Requirement } from '../../shared/objects/selector.ts';
import type { KubeObject, OwnerReference } from '../../shared/objects/types.ts';

/** The one owner that manages `object`, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** The reference by which `owner` manages a child: it goes when the owner goes. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

export interface Claim<T> {
  /** What the owner has and keeps. */
  own: T[];
  /** Without a controller and selected: to be adopted. */
  adopt: T[];
  /** Owned but no longer selected: to be released. */
  release: T[];
}

/**
 * Sorts candidates by what their owner does about them. An owner that is being deleted takes and gives nothing, and
 * nobody adopts what is being deleted.
 */
export function planClaim<T extends KubeObject>(
  owner: KubeObject,
  selector: readonly Requirement[],
  candidates: readonly T[],
): Claim<T> {
  const claim: Claim<T> = { own: [], adopt: [], release: [] };
  const isLeaving = owner.metadata.deletionTimestamp !== undefined;
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const isSelected = matchesLabels(selector, candidate.metadata.labels);
    if (controller?.uid === owner.metadata.uid) {
      (isSelected || isLeaving ? claim.own : claim.release).push(candidate);
    } else if (controller === undefined && isSelected && !isLeaving && !candidate.metadata.deletionTimestamp) {
      claim.adopt.push(candidate);
    }
  }
  return claim;
}

/** `object` with `owner` as its controller. */
export function withController<T extends KubeObject>(object: T, owner: KubeObject): T {
  const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
  return withOwners(object, [...others, controllerReference(owner)]);
}

/** `object` without any reference to the owners with these uids. */
export function withoutOwners<T extends KubeObject>(object: T, uids: readonly string[]): T {
  const gone = new Set(uids);
  return withOwners(
    object,
    (object.metadata.ownerReferences ?? []).filter(({ uid }) => !gone.has(uid)),
  );
}

function withOwners<T extends KubeObject>(object: T, owners: OwnerReference[]): T {
  const ownerReferences = owners.length > 0 ? owners : undefined;
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}
