import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, StorageClass } from '../types.ts';

/** Fills in a PersistentVolumeClaim. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  if (claim.spec) defaultClaimSpec(claim.spec);
  Object.assign(claim, { status: { phase: 'Pending', ...claim.status } });
}

/** Fills in what a claim asks for, also in a template of claims. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ||= 'Filesystem';
  // Two fields for one thing: the newer one also reaches into other namespaces.
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSourceRef.namespace && !spec.dataSource) {
    spec.dataSource = { ...spec.dataSourceRef };
  }
}

/** Fills in a PersistentVolume. */
export function defaultVolumeObject({ spec }: PersistentVolume): void {
  if (!spec) return;
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ||= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
}

/** Fills in a StorageClass. */
export function defaultStorageClass(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ||= 'Delete';
  storageClass.volumeBindingMode ||= 'Immediate';
}
