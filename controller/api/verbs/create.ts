import { ApiError, hasReason } from '../../../shared/errors.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { validateCreate } from '../../../shared/objects/validation/validate.ts';
import { prepareCreate } from '../../store/object-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { trackUpdate } from '../patch/managed-fields.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { admitIntoNamespace, dropStatus } from './admission.ts';
import { readObject, warnUnenforced } from './codec.ts';
import { dropSystemMetadata, generateName, placeObject } from './metadata.ts';
import { Representation } from './representation.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

const maxNameTries = 8;

/** POST on a collection. */
export async function createObject(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info } = target;
  const options = parseWriteOptions(request);
  const representation = new Representation(
    info,
    negotiateForm(request.headers.accept),
    request.query,
    deps.clock.now(),
  );
  const sent = await readObject(request, info, options);
  if (sent.metadata.resourceVersion) {
    throw new ApiError('BadRequest', 'resourceVersion should not be set on objects to be created');
  }
  const prepared = dropSystemMetadata(dropStatus(info, placeObject(sent, target)));
  const created = await withName(prepared, (object) => {
    const tracked = trackUpdate({
      info,
      before: undefined,
      after: admitNew(deps, request, target, object),
      manager: options.fieldManager,
      now: deps.clock.now(),
    });
    return storeNew(deps, target, tracked, options);
  });
  return jsonReply(201, representation.object(created));
}

/** Completes and checks a new object. Throws what it is refused for. */
export function admitNew(
  { store }: ApiDeps,
  request: ApiRequest,
  { info }: ResourceTarget,
  object: KubeObject,
): KubeObject {
  const complete = applyDefaults(info, object);
  admitIntoNamespace(store, info, complete);
  validateCreate(info, complete);
  warnUnenforced(request, info, complete);
  return complete;
}

/** Stores a new object; a dry run answers what would have been stored. */
export async function storeNew(
  { store, clock }: ApiDeps,
  { info }: ResourceTarget,
  object: KubeObject,
  { dryRun }: WriteOptions,
): Promise<KubeObject> {
  const resource = resourceName(info);
  if (!dryRun) return store.create(resource, object);
  const { name, namespace = '' } = object.metadata;
  if (store.get(resource, namespace, name) === undefined) return prepareCreate(object, clock.now());
  const details = { name, kind: info.plural, ...(info.group !== '' && { group: info.group }) };
  throw new ApiError('AlreadyExists', `${resource} ${JSON.stringify(name)} already exists`, details);
}

/** Runs `create` with a name made from generateName when there is no other, again when that name is taken. */
async function withName(object: KubeObject, create: (named: KubeObject) => Promise<KubeObject>): Promise<KubeObject> {
  const { name, generateName: base } = object.metadata;
  if (name || !base) return create(object);
  for (let tries = 1; ; tries += 1) {
    try {
      return await create({ ...object, metadata: { ...object.metadata, name: generateName(base) } });
    } catch (error) {
      if (tries >= maxNameTries || !hasReason(error, 'AlreadyExists')) throw error;
    }
  }
}
