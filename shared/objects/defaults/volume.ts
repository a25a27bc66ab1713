import { defaultTokenSeconds } from '../pod-tokens.ts';
import type { Volume } from '../types.ts';
import { defaultClaimSpec } from './storage.ts';

/** rw-r--r-- */
const fileMode = 0o644;

/** Fills in what a volume leaves open; one without any source is an empty directory. */
export function defaultVolume(volume: Volume): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  if (volume.hostPath) volume.hostPath.type ??= '';
  for (const files of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (files) files.defaultMode ??= fileMode;
  }
  for (const { downwardAPI, serviceAccountToken } of volume.projected?.sources ?? []) {
    defaultItems(downwardAPI?.items);
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= defaultTokenSeconds;
  }
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) defaultClaimSpec(claim);
  defaultItems(volume.downwardAPI?.items);
}

type Items = NonNullable<Volume['downwardAPI']>['items'];

function defaultItems(items: Items): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ||= '0';
  }
}
