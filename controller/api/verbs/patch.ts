import { ApiError, hasReason } from '../../../shared/errors.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readPatch, type Patch } from './codec.ts';
import { admitNew, storeNew } from './create.ts';
import { dropStatus } from './admission.ts';
import { dropSystemMetadata, placeObject } from './metadata.ts';
import { Representation } from './representation.ts';
import { replaceObject } from './update.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

/** PATCH of an object or of its status. Server-side apply makes the object when it is absent. */
export async function patchObject(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info, subresource } = target;
  const options = parseWriteOptions(request);
  const representation = new Representation(
    info,
    negotiateForm(request.headers.accept),
    request.query,
    deps.clock.now(),
  );
  const patch = await readPatch(request, info, options, subresource);
  const isAbsent = deps.store.get(resourceName(info), target.namespace, target.name ?? '') === undefined;
  if (isAbsent && patch.type === 'apply' && subresource === undefined) {
    const created = await createApplied(deps, request, target, options, patch);
    if (created !== undefined) return jsonReply(201, representation.object(created));
  }
  const change = (current: KubeObject): KubeObject => placeObject(patch.apply(current, deps.clock.now()), target);
  const stored = await replaceObject(deps, request, target, options, change, { tracksFields: patch.type !== 'apply' });
  return jsonReply(200, representation.object(stored));
}

/** Undefined when somebody else made the object meanwhile: then it is there to be patched. */
async function createApplied(
  deps: ApiDeps,
  request: ApiRequest,
  target: ResourceTarget,
  options: WriteOptions,
  patch: Patch,
): Promise<KubeObject | undefined> {
  const applied = placeObject(patch.apply(undefined, deps.clock.now()), target);
  if (applied.metadata.resourceVersion || applied.metadata.uid) {
    throw new ApiError('Conflict', 'uid and resourceVersion must not be set on an object to be created by apply');
  }
  const { managedFields } = applied.metadata;
  const fresh = dropSystemMetadata(dropStatus(target.info, applied));
  const object = admitNew(deps, request, target, { ...fresh, metadata: { ...fresh.metadata, managedFields } });
  try {
    return await storeNew(deps, target, object, options);
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}
