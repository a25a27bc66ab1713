import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import { compareQuantities, readQuantity } from '../quantity.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  StorageClass,
} from '../types.ts';
import { eachOf, forbidden, immutable, invalid, notSupported, required } from './causes.ts';
import { absolutePath, dnsSubdomain, labelKey } from './formats.ts';
import { nodeSelectorCauses } from './node-selector.ts';
import { selectorCauses } from './selector.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];

/** Checks a PersistentVolumeClaim. */
export function claimCauses({ spec }: PersistentVolumeClaim): Cause[] {
  if (!spec)
    return [required('spec.accessModes', 'at least 1 access mode is required'), required('spec.resources[storage]')];
  return claimSpecCauses(spec, 'spec');
}

function claimSpecCauses(spec: PersistentVolumeClaimSpec, path: string): Cause[] {
  const storage = spec.resources?.requests?.['storage'];
  const field = `${path}.resources[storage]`;
  const modes = spec.accessModes ?? [];
  return [
    ...selectorCauses(spec.selector, `${path}.selector`),
    ...(modes.length === 0 ? [required(`${path}.accessModes`, 'at least 1 access mode is required')] : []),
    ...modeCauses(modes, `${path}.accessModes`),
    ...(storage === undefined ? [required(field)] : positiveCauses(storage, field)),
    ...dnsSubdomain(spec.storageClassName, `${path}.storageClassName`),
    ...oneOf(spec.volumeMode, volumeModes, `${path}.volumeMode`),
  ];
}

function modeCauses(modes: readonly string[], field: string): Cause[] {
  const unknown = modes.filter((mode) => !accessModes.includes(mode));
  const isAlone = modes.length < 2 || !modes.includes('ReadWriteOncePod');
  return [
    ...unknown.map((mode) => notSupported(field, mode, accessModes)),
    ...(isAlone ? [] : [forbidden(field, 'may not use ReadWriteOncePod with other access modes')]),
  ];
}

function positiveCauses(text: string, field: string): Cause[] {
  return (readQuantity(text)?.nano ?? 0n) > 0n ? [] : [invalid(field, text, 'must be greater than zero')];
}

function oneOf(value: string | undefined, supported: readonly string[], field: string): Cause[] {
  return !value || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

const claimIsFixed =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** A claim gets its volume once, its class once when it had none, and more room when it is bound. */
export function claimUpdateCauses(
  { spec }: PersistentVolumeClaim,
  { spec: old, status }: PersistentVolumeClaim,
): Cause[] {
  if (!spec || !old) return [];
  const isBound = status?.phase === 'Bound';
  const fixed = (each: PersistentVolumeClaimSpec): object => ({
    ...each,
    ...(!old.volumeName && { volumeName: undefined }),
    ...(!old.storageClassName && { storageClassName: undefined }),
    ...(isBound && { resources: { ...each.resources, requests: undefined }, volumeAttributesClassName: undefined }),
  });
  const causes = isDeepStrictEqual(plain(fixed(spec)), plain(fixed(old))) ? [] : [forbidden('spec', claimIsFixed)];
  return [...causes, ...shrinkCauses(spec, old)];
}

function shrinkCauses({ resources }: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec): Cause[] {
  const now = readQuantity(resources?.requests?.['storage'] ?? '');
  const then = readQuantity(old.resources?.requests?.['storage'] ?? '');
  if (!now || !then || compareQuantities(now, then) >= 0) return [];
  return [forbidden('spec.resources.requests.storage', 'field can not be less than previous value')];
}

function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Everything in the spec of a volume that is not where its data lies. */
const volumeFields: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

/** Checks a PersistentVolume. */
export function volumeObjectCauses({ spec = {} }: PersistentVolume): Cause[] {
  return [
    ...capacityCauses(spec.capacity, 'spec.capacity'),
    ...((spec.accessModes ?? []).length === 0 ? [required('spec.accessModes')] : []),
    ...modeCauses(spec.accessModes ?? [], 'spec.accessModes'),
    ...sourceCauses(spec),
    ...oneOf(spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain'], 'spec.persistentVolumeReclaimPolicy'),
    ...dnsSubdomain(spec.storageClassName, 'spec.storageClassName'),
    ...oneOf(spec.volumeMode, volumeModes, 'spec.volumeMode'),
    ...nodeSelectorCauses(spec.nodeAffinity?.required, 'spec.nodeAffinity.required'),
  ];
}

function capacityCauses(capacity: Readonly<Record<string, string>> = {}, field: string): Cause[] {
  const names = Object.keys(capacity);
  if (names.length === 0) return [required(field)];
  if (names.length > 1 || capacity['storage'] === undefined) return [notSupported(field, capacity, ['storage'])];
  return positiveCauses(capacity['storage'], `${field}[storage]`);
}

function sourceNames(spec: PersistentVolumeSpec): string[] {
  return Object.keys(spec).filter((name) => !volumeFields.has(name));
}

function sourceCauses(spec: PersistentVolumeSpec): Cause[] {
  const [first, ...more] = sourceNames(spec);
  if (!first) return [required('spec', 'must specify a volume type')];
  if (more.length > 0) return more.map((name) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type'));
  const { hostPath, local, nodeAffinity, persistentVolumeReclaimPolicy: policy } = spec;
  const isRoot = hostPath !== undefined && /^\/+$/.test(hostPath.path ?? '') && policy === 'Recycle';
  return [
    ...(hostPath ? absolutePath(hostPath.path, 'spec.hostPath.path') : []),
    ...(isRoot
      ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
    ...(local ? absolutePath(local.path, 'spec.local.path') : []),
    ...(local && !nodeAffinity?.required ? [required('spec.nodeAffinity', 'Local volume requires node affinity')] : []),
  ];
}

/** Where the data of a volume lies never changes. */
export function volumeObjectUpdateCauses(
  { spec = {} }: PersistentVolume,
  { spec: old = {} }: PersistentVolume,
): Cause[] {
  const sourceOf = (each: PersistentVolumeSpec): unknown[] =>
    sourceNames(each).map((name) => [name, each[name as keyof PersistentVolumeSpec]]);
  const isSame = isDeepStrictEqual(sourceOf(spec), sourceOf(old));
  const detail = 'spec.persistentvolumesource is immutable after creation';
  return [
    ...(isSame ? [] : [forbidden('spec.persistentvolumesource', detail)]),
    ...immutable('spec.volumeMode', spec.volumeMode, old.volumeMode),
    ...(old.nodeAffinity ? immutable('spec.nodeAffinity', spec.nodeAffinity, old.nodeAffinity) : []),
  ];
}

/** Checks a StorageClass. */
export function storageClassCauses({
  provisioner,
  reclaimPolicy,
  volumeBindingMode,
  allowedTopologies,
}: StorageClass): Cause[] {
  return [
    ...labelKey(provisioner?.toLowerCase(), 'provisioner'),
    ...oneOf(reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy'),
    ...oneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'),
    ...eachOf(allowedTopologies, 'allowedTopologies', ({ matchLabelExpressions }, at) =>
      eachOf(matchLabelExpressions, `${at}.matchLabelExpressions`, ({ key, values }, field) => [
        ...labelKey(key, `${field}.key`),
        ...((values ?? []).length === 0 ? [required(`${field}.values`)] : []),
      ]),
    ),
  ];
}

/** Volumes were made by what a class said then. */
export function storageClassUpdateCauses(next: StorageClass, old: StorageClass): Cause[] {
  const fixed = ['parameters', 'provisioner', 'reclaimPolicy'] as const;
  const changed = fixed.filter((name) => !isDeepStrictEqual(next[name], old[name]));
  return [
    ...changed.map((name) => forbidden(name, `updates to ${name} are forbidden.`)),
    ...immutable('volumeBindingMode', next.volumeBindingMode, old.volumeBindingMode),
  ];
}
