import assert from 'node:assert/strict';
import type { Cause } from '../../shared/errors.ts';
import { decodeObject } from '../../shared/objects/decode.ts';
import { applyDefaults, withIdentity, withKept } from '../../shared/objects/defaults.ts';
import { parseYaml } from '../../shared/objects/parse-yaml.ts';
import { findKind, type ResourceInfo } from '../../shared/objects/resources.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { createCauses, updateCauses } from '../../shared/objects/validation/validate.ts';

/** The row of a kind; an assertion fails when there is none. */
export function kindOf(apiVersion: string, kind: string): ResourceInfo {
  const info = findKind(apiVersion, kind);
  assert.ok(info, `${apiVersion} ${kind}`);
  return info;
}

/** A manifest as the API would store it, up to validation. Objects without a namespace go to `default`. */
export function readManifest(manifest: string): { info: ResourceInfo; object: KubeObject } {
  const value = parseYaml(manifest).value as KubeObject;
  const info = kindOf(value.apiVersion, value.kind);
  const { object } = decodeObject(info, value, 'Strict');
  if (info.namespaced) object.metadata.namespace ??= 'default';
  return { info, object: withIdentity(info, applyDefaults(info, object), 'a-uid') };
}

/** `field: message` of everything that is wrong with a new object. */
export function problemsOf(manifest: string): string[] {
  const { info, object } = readManifest(manifest);
  return describe(createCauses(info, object));
}

/** The same for an update from one manifest to the other. */
export function updateProblemsOf(before: string, after: string): string[] {
  const old = readManifest(before);
  const next = readManifest(after);
  return describe(updateCauses(next.info, withKept(next.info, next.object, old.object), old.object));
}

function describe(causes: readonly Cause[]): string[] {
  return causes.map(({ field, message }) => `${field}: ${message}`);
}
