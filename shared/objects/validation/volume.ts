import type { Cause } from '../../errors.ts';
import { readQuantity } from '../quantity.ts';
import type { TokenSource } from '../pod-tokens.ts';
import type { Volume } from '../types.ts';
import { eachOf, forbidden, invalid, required } from './causes.ts';
import { fieldRefCauses, referenceCauses, resourceRefCauses, volumeFields } from './env.ts';
import { absolutePath, between, configKey, dnsLabel, dnsSubdomain, insidePath } from './formats.ts';
import { projectedSources } from './unsupported.ts';

type Items = { key: string; path: string; mode?: number }[] | undefined;
type DownwardItems = NonNullable<Volume['downwardAPI']>['items'];
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/** Checks one volume. */
export function volumeCauses(volume: Volume, path: string): Cause[] {
  const [first, ...more] = Object.keys(volume).filter((name) => name !== 'name');
  const causes = dnsLabel(volume.name, `${path}.name`);
  if (!first) return [...causes, required(path, 'must specify a volume type')];
  if (more.length > 0) {
    return [...causes, ...more.map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))];
  }
  return [...causes, ...sourceCauses(volume, path), ...storageCauses(volume, path)];
}

/** Sources that lie outside of the node; what they must have is in the schema. */
function storageCauses({ persistentVolumeClaim, nfs }: Volume, path: string): Cause[] {
  return [
    ...(persistentVolumeClaim?.claimName
      ? dnsSubdomain(persistentVolumeClaim.claimName, `${path}.persistentVolumeClaim.claimName`)
      : []),
    ...(nfs ? absolutePath(nfs.path, `${path}.nfs.path`) : []),
  ];
}

function sourceCauses(
  { hostPath, emptyDir, configMap, secret, downwardAPI, projected }: Volume,
  path: string,
): Cause[] {
  return [
    ...(hostPath ? absolutePath(hostPath.path, `${path}.hostPath.path`) : []),
    ...(emptyDir ? sizeCauses(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`) : []),
    ...(configMap ? referenceCauses(configMap.name, `${path}.configMap.name`) : []),
    ...fileCauses(configMap?.items, configMap?.defaultMode, `${path}.configMap`),
    ...(secret ? referenceCauses(secret.secretName, `${path}.secret.secretName`) : []),
    ...fileCauses(secret?.items, secret?.defaultMode, `${path}.secret`),
    ...downwardCauses(downwardAPI?.items, `${path}.downwardAPI`),
    ...modeCauses(downwardAPI?.defaultMode, `${path}.downwardAPI.defaultMode`),
    ...modeCauses(projected?.defaultMode, `${path}.projected.defaultMode`),
    ...eachOf(projected?.sources, `${path}.projected.sources`, projectionCauses),
  ];
}

function sizeCauses(size: string | undefined, field: string): Cause[] {
  const quantity = readQuantity(size ?? '0');
  const isSize = quantity !== undefined && quantity.nano >= 0n;
  return isSize ? [] : [forbidden(field, 'SizeLimit field must be a valid resource quantity')];
}

function fileCauses(items: Items, mode: number | undefined, path: string): Cause[] {
  const files = eachOf(items, `${path}.items`, (item, field) => [
    ...configKey(item.key || undefined, `${field}.key`),
    ...insidePath(item.path, `${field}.path`),
    ...modeCauses(item.mode, `${field}.mode`),
  ]);
  return [...modeCauses(mode, `${path}.defaultMode`), ...files];
}

function modeCauses(mode: number | undefined, field: string): Cause[] {
  if (between(mode, field, 0, 0o777).length === 0) return [];
  return [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function downwardCauses(items: DownwardItems, path: string): Cause[] {
  return eachOf(items, `${path}.items`, ({ path: file, fieldRef, resourceFieldRef, mode }, field) => {
    const isOne = Boolean(fieldRef) !== Boolean(resourceFieldRef);
    return [
      ...insidePath(file, `${field}.path`),
      ...modeCauses(mode, `${field}.mode`),
      ...(isOne ? [] : [invalid(field, '', 'must specify one of: `fieldRef` or `resourceFieldRef`')]),
      ...(fieldRef ? fieldRefCauses(fieldRef, `${field}.fieldRef`, volumeFields) : []),
      ...(resourceFieldRef ? resourceRefCauses(resourceFieldRef, `${field}.resourceFieldRef`) : []),
    ];
  });
}

function tokenCauses({ path: file, expirationSeconds = 600 }: TokenSource, path: string): Cause[] {
  const field = `${path}.expirationSeconds`;
  const short = invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes');
  const long = invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  return [
    ...insidePath(file, `${path}.path`),
    ...(expirationSeconds < 600 ? [short] : []),
    ...(expirationSeconds > 2 ** 32 ? [long] : []),
  ];
}

function projectionCauses(source: Projection, path: string): Cause[] {
  const [first, ...more] = Object.keys(source);
  if (!first || more.length > 0) return [forbidden(path, 'must specify exactly 1 projected source')];
  if (!projectedSources.includes(first)) {
    const detail = `projected source is not supported; supported sources: ${projectedSources.join(', ')}`;
    return [forbidden(`${path}.${first}`, detail)];
  }
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  return [
    ...(configMap ? referenceCauses(configMap.name, `${path}.configMap.name`) : []),
    ...fileCauses(configMap?.items, undefined, `${path}.configMap`),
    ...(secret ? referenceCauses(secret.name, `${path}.secret.name`) : []),
    ...fileCauses(secret?.items, undefined, `${path}.secret`),
    ...downwardCauses(downwardAPI?.items, `${path}.downwardAPI`),
    ...(serviceAccountToken ? tokenCauses(serviceAccountToken, `${path}.serviceAccountToken`) : []),
  ];
}
