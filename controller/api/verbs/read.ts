import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ListResult, Store } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { notFound, type ResourceTarget } from '../resource-path.ts';
import type { PinnedLists } from './pinned-lists.ts';
import { Representation, type ListMeta } from './representation.ts';
import { Selection } from './selection.ts';
import { checkListOptions, parseVersion, tooLargeVersion } from './versions.ts';
import { ApiError } from '../../../shared/errors.ts';

/** GET of one object. */
export function getObject({ store, clock }: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const representation = new Representation(
    target,
    negotiateForm(request.headers.accept, 'object'),
    request.query,
    clock,
  );
  const version = parseVersion(request.query);
  if (version !== undefined && version > store.version) throw tooLargeVersion(version, store.version);
  return jsonReply(200, representation.object(findObject(store, target)));
}

/** The stored object that a path names; throws NotFound. */
export function findObject<T extends KubeObject>(store: Store, { info, namespace, name = '' }: ResourceTarget): T {
  const object = store.get<T>(resourceName(info), namespace, name);
  if (object === undefined) throw notFound(info, name);
  return object;
}

/** GET of a collection: everything that matches, or one page of it. */
export function listObjects(
  { store, clock }: ApiDeps,
  pins: PinnedLists,
  request: ApiRequest,
  target: ResourceTarget,
): Reply {
  const { query } = request;
  checkListOptions(query, false);
  const form = negotiateForm(request.headers.accept, 'list');
  const selection = new Selection(target, query);
  const scope = JSON.stringify([request.segments, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '']);
  const token = query.get('continue') ?? '';
  const current = currentList(store, query, target);
  const from = token === '' ? { list: current, offset: 0, id: undefined } : pins.resume(token, scope, current);
  const page = takePage(from.list.items, from.offset, request.count('limit') ?? 0, selection);
  const metadata: ListMeta = { resourceVersion: String(from.list.version) };
  const last = page.items.at(-1);
  if (last !== undefined && page.end < from.list.items.length) {
    metadata.continue = pins.pin(from.list, scope, last, from.id);
    if (selection.isEverything) metadata.remainingItemCount = from.list.items.length - page.end;
  }
  return jsonReply(200, new Representation(target, form, query, clock).list(page.items, metadata));
}

function currentList(
  store: Store,
  query: URLSearchParams,
  { info, namespace }: ResourceTarget,
): ListResult<KubeObject> {
  const list = store.list(resourceName(info), { namespace });
  const wanted = parseVersion(query) ?? 0;
  if (wanted > list.version) throw tooLargeVersion(wanted, list.version);
  if (query.get('resourceVersionMatch') === 'Exact' && wanted !== list.version) {
    throw new ApiError('Expired', `The resourceVersion for the provided list is too old: ${wanted}`);
  }
  return list;
}

/** Up to `limit` matching objects from `offset` on (0: all), and where the next page starts: the length when there is none. */
export function takePage(
  objects: readonly KubeObject[],
  offset: number,
  limit: number,
  selection: Pick<Selection, 'has'>,
): { items: KubeObject[]; end: number } {
  const items: KubeObject[] = [];
  for (let at = offset; at < objects.length; at += 1) {
    const object = objects[at];
    if (object === undefined || !selection.has(object)) continue;
    if (limit > 0 && items.length === limit) return { items, end: at };
    items.push(object);
  }
  return { items, end: objects.length };
}
