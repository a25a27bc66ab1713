import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../shared/objects/types.ts';
import { unset } from './cells.ts';
import type { Column } from './column.ts';
import { ageColumn, column, nameColumn, wide } from './column.ts';

/** How a class was named before there was a field for it; it still counts. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const shortModes: readonly (readonly [string, string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

export const persistentVolumeColumns: readonly Column[] = [
  nameColumn,
  column<PersistentVolume>('Capacity', 'Size of the volume', ({ spec }) => spec?.capacity?.['storage'] ?? '0'),
  column<PersistentVolume>('Access Modes', 'How it can be mounted', ({ spec }) => showModes(spec?.accessModes)),
  column<PersistentVolume>(
    'Reclaim Policy',
    'What becomes of it without a claim',
    ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
  ),
  column<PersistentVolume>('Status', 'Whether it is bound', phaseOf),
  column<PersistentVolume>('Claim', 'Claim that has it', ({ spec }) => {
    return spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`;
  }),
  column<PersistentVolume>('StorageClass', 'Class of the volume', classOf),
  attributesColumn(),
  column<PersistentVolume>('Reason', 'Why it is in its state', ({ status }) => status?.reason ?? ''),
  ageColumn,
  modeColumn(),
];

export const persistentVolumeClaimColumns: readonly Column[] = [
  nameColumn,
  column<PersistentVolumeClaim>('Status', 'Whether it is bound', phaseOf),
  column<PersistentVolumeClaim>('Volume', 'Volume that it has', ({ spec }) => spec?.volumeName ?? ''),
  column<PersistentVolumeClaim>('Capacity', 'Size of the volume', ({ spec, status }) => {
    return spec?.volumeName ? (status?.capacity?.['storage'] ?? '0') : '';
  }),
  column<PersistentVolumeClaim>('Access Modes', 'How it is mounted', ({ spec, status }) => {
    return spec?.volumeName ? showModes(status?.accessModes) : '';
  }),
  column<PersistentVolumeClaim>('StorageClass', 'Class of the volume', classOf),
  attributesColumn(),
  ageColumn,
  modeColumn(),
];

export const storageClassColumns: readonly Column[] = [
  column<StorageClass>(
    'Name',
    'Name of the class, and whether claims without one get it',
    ({ metadata }) => {
      const isDefault = defaultAnnotations.some((key) => metadata?.annotations?.[key] === 'true');
      return isDefault ? `${metadata?.name} (default)` : (metadata?.name ?? '');
    },
    { format: 'name' },
  ),
  column<StorageClass>('Provisioner', 'Who makes its volumes', ({ provisioner }) => provisioner),
  column<StorageClass>(
    'ReclaimPolicy',
    'What becomes of a volume without a claim',
    ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete',
  ),
  column<StorageClass>(
    'VolumeBindingMode',
    'When a volume is made',
    ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
  ),
  column<StorageClass>('AllowVolumeExpansion', 'Whether its volumes can grow', ({ allowVolumeExpansion }) =>
    String(allowVolumeExpansion ?? false),
  ),
  ageColumn,
];

interface Volume {
  metadata?: { deletionTimestamp?: string; annotations?: Record<string, string> };
  spec?: { storageClassName?: string; volumeAttributesClassName?: string; volumeMode?: string };
  status?: { phase?: string };
}

function attributesColumn(): Column {
  return column<Volume>(
    'VolumeAttributesClass',
    'Class of what can change about it',
    ({ spec }) => spec?.volumeAttributesClassName ?? unset,
  );
}

function modeColumn(): Column {
  return column<Volume>('VolumeMode', 'Filesystem or Block', ({ spec }) => spec?.volumeMode ?? unset, wide);
}

function phaseOf({ metadata, status }: Volume): string {
  return metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating';
}

function classOf({ metadata, spec }: Volume): string {
  return metadata?.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';
}

function showModes(modes: readonly string[] | undefined): string {
  return shortModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}
