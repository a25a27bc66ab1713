import type { Cause } from '../../errors.ts';
import type { Container, EnvFromSource, EnvVar } from '../types.ts';
import { eachOf, invalid, notSupported, required } from './causes.ts';
import { configKey, dnsSubdomain, envName, labelKey } from './formats.ts';

const podFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const resourceFields = ['limits', 'requests'].flatMap((kind) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((name) => `${kind}.${name}`),
);

type FieldRef = NonNullable<NonNullable<EnvVar['valueFrom']>['fieldRef']>;
type ResourceRef = NonNullable<NonNullable<EnvVar['valueFrom']>['resourceFieldRef']>;

/** Checks the environment of a container. */
export function envCauses({ env, envFrom }: Container, path: string): Cause[] {
  return [...eachOf(env, `${path}.env`, variableCauses), ...eachOf(envFrom, `${path}.envFrom`, sourceCauses)];
}

function variableCauses({ name, value, valueFrom }: EnvVar, path: string): Cause[] {
  const causes = envName(name, `${path}.name`);
  if (!valueFrom) return causes;
  const field = `${path}.valueFrom`;
  const given = Object.keys(valueFrom);
  if (value) return [...causes, invalid(field, '', 'may not be specified when `value` is not empty')];
  if (given.length === 0) {
    const detail = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    return [...causes, invalid(field, '', detail)];
  }
  if (given.length > 1) return [...causes, invalid(field, '', 'may not have more than one field specified at a time')];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  return [
    ...causes,
    ...(fieldRef ? fieldRefCauses(fieldRef, `${field}.fieldRef`, podFields) : []),
    ...(resourceFieldRef ? resourceRefCauses(resourceFieldRef, `${field}.resourceFieldRef`) : []),
    ...keyRefCauses(configMapKeyRef, `${field}.configMapKeyRef`),
    ...keyRefCauses(secretKeyRef, `${field}.secretKeyRef`),
  ];
}

function keyRefCauses(ref: { name?: string; key: string } | undefined, field: string): Cause[] {
  if (!ref) return [];
  return [...referenceCauses(ref.name, `${field}.name`), ...configKey(ref.key || undefined, `${field}.key`)];
}

/** The name of a ConfigMap or Secret. */
export function referenceCauses(name: string | undefined, field: string): Cause[] {
  if (name) return dnsSubdomain(name, field);
  return [required(field)];
}

/** A field of the pod itself: one that is offered, or one label or annotation. */
export function fieldRefCauses({ fieldPath }: FieldRef, field: string, supported: readonly string[]): Cause[] {
  const path = `${field}.fieldPath`;
  if (!fieldPath) return [];
  const key = /^metadata\.(?:labels|annotations)\['(.*)'\]$/.exec(fieldPath)?.[1];
  if (key !== undefined) return labelKey(key === '' ? '-' : key, path);
  return supported.includes(fieldPath) ? [] : [notSupported(path, fieldPath, supported)];
}

/** Fields that a downward API volume may show: also whole maps. */
export const volumeFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

export function resourceRefCauses({ resource }: ResourceRef, field: string): Cause[] {
  if (!resource || resourceFields.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return [];
  return [notSupported(`${field}.resource`, resource, resourceFields)];
}

function sourceCauses({ prefix, configMapRef, secretRef }: EnvFromSource, path: string): Cause[] {
  const causes = envName(prefix, `${path}.prefix`);
  if (configMapRef && secretRef) {
    return [...causes, invalid(path, '', 'may not have more than one field specified at a time')];
  }
  if (configMapRef) return [...causes, ...referenceCauses(configMapRef.name, `${path}.configMapRef.name`)];
  if (secretRef) return [...causes, ...referenceCauses(secretRef.name, `${path}.secretRef.name`)];
  return [...causes, invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`')];
}
