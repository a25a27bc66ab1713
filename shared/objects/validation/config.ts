import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import type { ConfigMap, Secret } from '../types.ts';
import { forbidden, invalid, required, tooLong } from './causes.ts';
import { configKey } from './formats.ts';

const maxBytes = 1024 * 1024;

/** Checks a ConfigMap. */
export function configMapCauses({ data = {}, binaryData = {} }: ConfigMap): Cause[] {
  const detail = 'duplicate of key present in binaryData';
  const doubled = Object.keys(data).filter((key) => Object.hasOwn(binaryData, key));
  return [
    ...keyCauses(data, 'data'),
    ...keyCauses(binaryData, 'binaryData'),
    ...doubled.map((key) => invalid(`data[${key}]`, key, detail)),
    ...(textBytes(data) + decodedBytes(binaryData) > maxBytes ? [tooLong('data', maxBytes)] : []),
  ];
}

/** Checks a Secret. */
export function secretCauses(secret: Secret): Cause[] {
  const { data = {} } = secret;
  return [
    ...keyCauses(data, 'data'),
    ...(decodedBytes(data) > maxBytes ? [tooLong('data', maxBytes)] : []),
    ...typeCauses(secret),
  ];
}

function keyCauses(data: Readonly<Record<string, string>>, field: string): Cause[] {
  return Object.keys(data)
    .filter((key) => configKey(key, field).length > 0)
    .flatMap((key) => configKey(key, `${field}[${key}]`));
}

function textBytes(data: Readonly<Record<string, string>>): number {
  return Object.keys(data).reduce((sum, key) => sum + Buffer.byteLength(data[key] ?? ''), 0);
}

function decodedBytes(data: Readonly<Record<string, string>>): number {
  return Object.keys(data).reduce((sum, key) => sum + Buffer.byteLength(data[key] ?? '', 'base64'), 0);
}

/** Keys that readers of a type count on. */
const keysOfType: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
};

function typeCauses({ type = 'Opaque', data = {}, metadata }: Secret): Cause[] {
  const keys = Object.hasOwn(keysOfType, type) ? (keysOfType[type] ?? []) : [];
  const missing = keys.filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
  const isLogin = data.username !== undefined || data.password !== undefined;
  if (type === 'kubernetes.io/basic-auth' && !isLogin) return [required('data[username]'), required('data[password]')];
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata?.annotations?.[account]) {
    return [required(`metadata.annotations[${account}]`)];
  }
  const json = type.startsWith('kubernetes.io/docker') ? data[keys[0] ?? ''] : undefined;
  // The value is a secret, so the message must not show it.
  if (json !== undefined && !isJson(json))
    return [invalid(`data[${keys[0]}]`, '<secret contents redacted>', 'must be JSON')];
  return missing;
}

function isJson(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString());
    return true;
  } catch {
    return false;
  }
}

type Config = Pick<Secret, 'immutable' | 'data'> & Pick<ConfigMap, 'binaryData'>;

/** What was made immutable stays so. */
export function immutableCauses(object: Config, old: Config): Cause[] {
  if (!old.immutable) return [];
  const detail = 'field is immutable when `immutable` is set';
  const isSame = (name: 'data' | 'binaryData'): boolean => isDeepStrictEqual(object[name] ?? {}, old[name] ?? {});
  return [
    ...(object.immutable ? [] : [forbidden('immutable', detail)]),
    ...(['data', 'binaryData'] as const).filter((name) => !isSame(name)).map((name) => forbidden(name, detail)),
  ];
}

/** A Secret's type never changes. */
export function secretUpdateCauses(secret: Secret, old: Secret): Cause[] {
  const isSame = secret.type === old.type;
  return [...immutableCauses(secret, old), ...(isSame ? [] : [invalid('type', secret.type, 'field is immutable')])];
}
