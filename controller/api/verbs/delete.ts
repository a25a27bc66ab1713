import { ApiError } from '../../../shared/errors.ts';
import { systemNamespaces } from '../../../shared/objects/names.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import { deleteObject, type Deleted } from '../../store/deletion.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { servedInfo, type ResourceTarget } from '../resource-path.ts';
import { previewDeletion } from './delete-preview.ts';
import { readDeleteOptions, type DeleteRequest } from './delete-options.ts';
import { Representation } from './representation.ts';
import { Selection } from './selection.ts';
import { checkListOptions } from './versions.ts';

/** DELETE of one object: a Status when it is gone, the object while something holds it. */
export async function deleteOne(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info, name = '' } = target;
  const representation = new Representation(
    target,
    negotiateForm(request.headers.accept, 'object'),
    request.query,
    deps.clock,
  );
  const { object, removed } = await deleteNamed(deps, target, await readDeleteOptions(request));
  if (!removed) return jsonReply(200, representation.object(object));
  const { uid } = object.metadata;
  const { group } = servedInfo(target);
  const details = { name, kind: info.plural, uid, ...(group !== '' && { group }) };
  return jsonReply(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

/** DELETE of a collection: each matching object in turn; answers them as a list. */
export async function deleteCollection(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info, namespace } = target;
  checkListOptions(request.query, false);
  const representation = new Representation(
    target,
    negotiateForm(request.headers.accept, 'list'),
    request.query,
    deps.clock,
  );
  const selection = new Selection(target, request.query);
  const wanted = await readDeleteOptions(request);
  const deleted = [];
  for (const object of deps.store.list(resourceName(info), { namespace }).items.filter((each) => selection.has(each))) {
    const { uid, name, namespace = '' } = object.metadata;
    try {
      // The uid keeps an object of the same name that was made meanwhile.
      const each = { info, namespace, name };
      const result = await deleteNamed(deps, each, { ...wanted, options: { ...wanted.options, uid } });
      deleted.push(result.object);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return jsonReply(200, representation.list(deleted, { resourceVersion: String(deps.store.version) }));
}

async function deleteNamed(
  { store, clock }: ApiDeps,
  target: ResourceTarget,
  { options, dryRun }: DeleteRequest,
): Promise<Deleted> {
  const { info, namespace, name = '' } = target;
  if (resourceName(info) === 'namespaces') checkMayBeDeleted(name);
  if (dryRun) return previewDeletion(store, clock, target, options);
  return deleteObject(store, clock, resourceName(info), namespace, name, options);
}

function checkMayBeDeleted(name: string): void {
  if (!systemNamespaces.some((each) => each === name)) return;
  const message = `namespaces ${JSON.stringify(name)} is forbidden: this namespace may not be deleted`;
  throw new ApiError('Forbidden', message, { name, kind: 'namespaces' });
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.reason === 'NotFound' || error.reason === 'Conflict');
}
