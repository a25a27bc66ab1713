import { hasReason } from '../../../shared/errors.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { attributesOf } from '../access/attributes.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { notFound, servedInfo, type ResourceTarget } from '../resource-path.ts';
import { readPatch, type Patch } from './codec.ts';
import { admitNew, storeNew } from './create.ts';
import { withoutEarlyStatus } from './admission.ts';
import { dropSystemMetadata, placeObject } from './metadata.ts';
import { Representation } from './representation.ts';
import { replaceObject } from './update.ts';
import { parseWriteOptions, type Writing } from './write-options.ts';

/** PATCH of an object or of its status. Server-side apply makes the object when it is absent. */
export async function patchObject(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info, subresource, namespace, name = '' } = target;
  const options = parseWriteOptions(request);
  const form = negotiateForm(request.headers.accept, 'object');
  const patch = await readPatch(request, target, options, subresource);
  const writing = { deps, request, target, options };
  const reply = (code: number, object: KubeObject): Reply =>
    jsonReply(code, new Representation(target, form, request.query, deps.clock).object(object));
  const isAbsent = deps.store.get(resourceName(info), namespace, name) === undefined;
  if (isAbsent && patch.type === 'apply' && subresource === undefined) {
    const created = await createApplied(writing, patch);
    if (created !== undefined) return reply(201, created);
  }
  const change = (current: KubeObject): KubeObject => placeObject(patch.apply(current, deps.clock.now()), target);
  return reply(200, await replaceObject(writing, change, patch.type === 'apply' ? 'Apply' : 'Update'));
}

/** Undefined when somebody else made the object meanwhile: then it is there to be patched. */
async function createApplied(writing: Writing, patch: Patch): Promise<KubeObject | undefined> {
  const { deps, request, target } = writing;
  deps.authorizer.require(request.user, attributesOf('create', { ...target, info: servedInfo(target) }));
  const applied = placeObject(patch.apply(undefined, deps.clock.now()), target);
  const { managedFields, resourceVersion, uid } = applied.metadata;
  if (resourceVersion || uid) throw notFound(target.info, applied.metadata.name);
  const fresh = dropSystemMetadata(withoutEarlyStatus(target.info, applied));
  const object = admitNew(writing, { ...fresh, metadata: { ...fresh.metadata, managedFields } });
  try {
    return await storeNew(writing, object);
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}
