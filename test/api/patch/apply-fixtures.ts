import assert from 'node:assert/strict';
import { applyPatch, trackUpdate } from '../../../controller/api/patch/patch.ts';
import { hasReason } from '../../../shared/errors.ts';
import type { ApiError, Reason } from '../../../shared/errors.ts';
import { findResource } from '../../../shared/objects/resources.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { findType } from '../../../shared/objects/schema-table.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';

export const types = { find: findType };
export const deployments = findResource('deployments.apps') as ResourceInfo;
export const pods = findResource('pods') as ResourceInfo;
export const configmaps = findResource('configmaps') as ResourceInfo;
export const secrets = findResource('secrets') as ResourceInfo;
const infos: Readonly<Record<string, ResourceInfo>> = {
  Deployment: deployments,
  Pod: pods,
  ConfigMap: configmaps,
  Secret: secrets,
  HorizontalPodAutoscaler: findResource('horizontalpodautoscalers.autoscaling') as ResourceInfo,
};
const infoOf = ({ kind }: KubeObject): ResourceInfo => infos[kind] as ResourceInfo;
export const start = Date.parse('2026-01-01T00:00:00Z');

export interface AnyObject extends KubeObject {
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
  status?: Record<string, unknown>;
}

export const aDeployment = (spec: object, metadata: object = {}): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec: spec as Record<string, unknown>,
});
export const aPod = (spec: object): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: spec as Record<string, unknown>,
});
export const aMap = (data?: Record<string, string>): AnyObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm' },
  ...(data && { data }),
});

export interface Options {
  force?: boolean;
  subresource?: string;
  at?: number;
}

export function apply(
  current: KubeObject | undefined,
  body: KubeObject,
  fieldManager: string,
  options: Options = {},
): AnyObject {
  const info = infoOf(body);
  const { force = false, subresource, at = start } = options;
  const request = { type: 'apply' as const, info, body, fieldManager, force, ...(subresource && { subresource }) };
  return applyPatch(current, request, types, at);
}

export function update<T extends KubeObject>(
  previous: KubeObject | undefined,
  next: T,
  manager: string,
  at = start,
): T {
  const info = infoOf(next);
  return trackUpdate(previous, next, { info, manager }, types, at);
}

export const ownersOf = (object: KubeObject): Record<string, unknown> =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((e) => [`${e.manager} ${e.operation}`, e.fieldsV1]));

export const fails = (work: () => unknown, reason: Reason, check: (error: ApiError) => void = () => undefined): void =>
  assert.throws(work, (error) => {
    assert.ok(hasReason(error, reason), String(error));
    check(error);
    return true;
  });
