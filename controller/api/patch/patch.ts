import { ApiError } from '../../../shared/errors.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { checkDepth, isObject, withoutNulls } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { serverSideApply } from './server-side-apply.ts';
import { shapeOf } from './shape.ts';
import type { Types } from './shape.ts';
import { strategicMerge } from './strategic-merge.ts';

export { trackUpdate } from './managed-fields.ts';
export type { Write } from './managed-fields.ts';
export type { Types } from './shape.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Media types of the four patches. */
export const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

export interface PatchRequest {
  type: PatchType;
  info: ResourceInfo;
  /** Parsed body. */
  body: unknown;
  /** Of the request; required for apply. */
  fieldManager: string;
  force: boolean;
  /** Set when a subresource (`status`, `scale`) is patched. */
  subresource?: string;
}

/**
 * The object as the patch leaves it, before defaults and validation. Only apply makes an object where there is none,
 * and only apply sets metadata.managedFields: after the others call `trackUpdate` with what will be stored. Changes
 * neither `current` nor the request. Throws BadRequest, Invalid, Conflict (apply), RequestEntityTooLarge.
 */
export function applyPatch(
  current: KubeObject | undefined,
  request: PatchRequest,
  types: Types,
  now: number,
): KubeObject {
  const { type, info, body, force, subresource } = request;
  checkDepth(body);
  if (type === 'apply') {
    const apply = { info, body, manager: request.fieldManager, force, ...(subresource && { subresource }) };
    return serverSideApply(current, apply, types, now);
  }
  if (current === undefined) throw new ApiError('NotFound', `there is no ${info.singular} to patch`);
  const patched = withoutNulls(patch(current as unknown as JsonObject, request, types));
  if (!isObject(patched) || !isObject(patched['metadata'])) {
    throw new ApiError('Invalid', 'the patch leaves no object with metadata');
  }
  return patched as unknown as KubeObject;
}

function patch(current: JsonObject, { type, info, body }: PatchRequest, types: Types): Json {
  if (type === 'json') return jsonPatch(current, body);
  if (!isObject(body)) throw new ApiError('BadRequest', `a ${type} patch is an object`);
  if (type === 'merge') return mergePatch(current, body);
  // What the object is lies in its type, not in its fields: clients patch a Scale with the kind of its object.
  const { apiVersion = null, kind = null } = current;
  return { ...strategicMerge(types, shapeOf(info), current, body), apiVersion, kind };
}
