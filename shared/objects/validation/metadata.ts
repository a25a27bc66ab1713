import type { Cause } from '../../errors.ts';
import { isDnsSubdomain, isLabelKey } from '../names.ts';
import type { ResourceInfo } from '../resources.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../types.ts';
import { eachOf, forbidden, invalid, required, tooLong } from './causes.ts';
import { dnsLabel, dnsSubdomain, labelKey, labelValue, pathSegment, serviceName, type FormatCheck } from './formats.ts';

const maxAnnotationBytes = 256 * 1024;
const ownFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
/** Kinds whose names are not simply DNS subdomains. */
const nameChecks: Readonly<Record<string, FormatCheck>> = {
  Namespace: dnsLabel,
  Service: serviceName,
  Role: pathSegment,
  ClusterRole: pathSegment,
  RoleBinding: pathSegment,
  ClusterRoleBinding: pathSegment,
};

/** Checks the metadata of a new or changed object; it has its name and namespace by now. */
export function metadataCauses(info: ResourceInfo, { metadata }: KubeObject): Cause[] {
  return [
    ...nameCauses(info, metadata),
    ...labelCauses(metadata.labels, 'metadata.labels'),
    ...annotationCauses(metadata.annotations, 'metadata.annotations'),
    ...ownerCauses(metadata.ownerReferences),
    ...eachOf(metadata.finalizers, 'metadata.finalizers', finalizerCauses),
  ];
}

function nameCauses(info: ResourceInfo, { name, generateName, namespace }: ObjectMeta): Cause[] {
  const check = nameChecks[info.kind] ?? dnsSubdomain;
  const causes = [
    ...(name ? check(name, 'metadata.name') : [required('metadata.name', 'name or generateName is required')]),
    ...(generateName ? check(generateName.replace(/-+$/, ''), 'metadata.generateName') : []),
  ];
  if (!info.namespaced)
    return namespace ? [...causes, forbidden('metadata.namespace', 'not allowed on this type')] : causes;
  return [...causes, ...(namespace ? dnsLabel(namespace, 'metadata.namespace') : [required('metadata.namespace')])];
}

/** Labels of an object, a template or a selector. */
export function labelCauses(labels: Readonly<Record<string, string>> | undefined, field: string): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...keyCauses(key, field),
    ...labelValue(value, field),
  ]);
}

/** Annotations of an object or a template. */
export function annotationCauses(annotations: Readonly<Record<string, string>> | undefined, field: string): Cause[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  const causes = entries.flatMap(([key]) => keyCauses(key.toLowerCase(), field));
  return bytes > maxAnnotationBytes ? [...causes, tooLong(field, maxAnnotationBytes)] : causes;
}

function keyCauses(key: string, field: string): Cause[] {
  return key === '' ? [invalid(field, key, 'name part must be non-empty')] : labelKey(key, field);
}

function ownerCauses(owners: readonly OwnerReference[] | undefined): Cause[] {
  const path = 'metadata.ownerReferences';
  const controllers = (owners ?? []).filter(({ controller }) => controller);
  const named = controllers.map(({ kind, name }) => `${kind}/${name}`).join(' and ');
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${named}`;
  const events = (owners ?? []).filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Event');
  return [
    ...(controllers.length > 1 ? [invalid(path, controllers, detail)] : []),
    ...events.map((owner) => invalid(path, owner, 'v1, Kind=Event is disallowed from being an owner')),
  ];
}

function finalizerCauses(name: string, path: string): Cause[] {
  if (ownFinalizers.has(name)) return [];
  if (!isLabelKey(name)) return labelKey(name === '' ? '-' : name, path);
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return name.includes('/') || isDomain(name) ? [] : [invalid(path, name, detail)];
}

function isDomain(name: string): boolean {
  return name.includes('.') && isDnsSubdomain(name);
}

/** What an update may not do to metadata. */
export function metadataUpdateCauses({ metadata }: KubeObject, old: KubeObject): Cause[] {
  if (!old.metadata.deletionTimestamp) return [];
  const added = (metadata.finalizers ?? []).filter((name) => !old.metadata.finalizers?.includes(name));
  if (added.length === 0) return [];
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [forbidden('metadata.finalizers', detail)];
}
