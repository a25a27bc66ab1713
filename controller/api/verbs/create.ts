import { randomUUID } from 'node:crypto';
import { ApiError, hasReason } from '../../../shared/errors.ts';
import { applyDefaults, asSent, withIdentity } from '../../../shared/objects/defaults.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { validateCreate } from '../../../shared/objects/validation/validate.ts';
import { prepareCreate } from '../../store/object-rules.ts';
import { alreadyExists } from '../../store/store-errors.ts';
import { checkEscalation } from '../access/escalation.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { trackUpdate } from '../patch/patch.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { admitIntoNamespace, withoutEarlyStatus, admitAccount } from './admission.ts';
import { readObject, types, warnUnenforced } from './codec.ts';
import { dropSystemMetadata, generateName, placeObject } from './metadata.ts';
import { Representation } from './representation.ts';
import { parseWriteOptions, type Writing } from './write-options.ts';

const maxNameTries = 8;

/** POST on a collection. */
export async function createObject(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const options = parseWriteOptions(request);
  const form = negotiateForm(request.headers.accept, 'object');
  const sent = await readObject(request, target, options);
  if (sent.metadata.resourceVersion) {
    throw new ApiError('BadRequest', 'resourceVersion should not be set on objects to be created');
  }
  const created = await createSent({ deps, request, target, options }, placeObject(sent, target));
  return jsonReply(201, new Representation(target, form, request.query, deps.clock).object(created));
}

/** Makes an object of what a client sent. Throws what it is refused for. */
export function createSent(writing: Writing, sent: KubeObject): Promise<KubeObject> {
  const { deps, target, options } = writing;
  const { info } = target;
  return withName(writing, dropSystemMetadata(withoutEarlyStatus(info, sent)), (object) => {
    const complete = admitNew(writing, object);
    const write = { info, manager: options.fieldManager };
    const { managedFields } = trackUpdate(undefined, asSent(info, object), write, types, deps.clock.now()).metadata;
    return storeNew(writing, { ...complete, metadata: { ...complete.metadata, managedFields } });
  });
}

/** Completes a new object, its uid included, and checks it. Throws what it is refused for. */
export function admitNew({ deps, request, target }: Writing, object: KubeObject): KubeObject {
  const { info } = target;
  const complete = withIdentity(info, applyDefaults(info, object), randomUUID());
  admitIntoNamespace(deps.store, info, complete);
  validateCreate(info, complete);
  checkEscalation(deps.authorizer, request.user, info, complete);
  warnUnenforced(request, info, complete);
  const { name: user } = request.user;
  request.notes.warnings.push(...deps.podSecurity.admit({ info, object: complete, user }));
  // What is added is right, and may rely on a right object.
  return admitAccount(deps.store, info, complete);
}

/** Stores a new object with what it is given; a dry run answers what would have been stored. */
export async function storeNew(writing: Writing, object: KubeObject): Promise<KubeObject> {
  const reservation = writing.deps.services.reserve(writing.target.info, object);
  try {
    return await storeComplete(writing, reservation.object);
  } finally {
    reservation.release();
  }
}

async function storeComplete({ deps, target, options }: Writing, object: KubeObject): Promise<KubeObject> {
  const resource = resourceName(target.info);
  if (!options.dryRun) return deps.store.create(resource, object);
  const { name, namespace = '' } = object.metadata;
  if (deps.store.get(resource, namespace, name) !== undefined) throw alreadyExists({ resource, namespace, name });
  return prepareCreate(object, deps.clock.now());
}

/** Runs `create` with a name made from generateName when there is no other, again when that name is taken. */
async function withName(
  { deps, target }: Writing,
  object: KubeObject,
  create: (named: KubeObject) => Promise<KubeObject>,
): Promise<KubeObject> {
  const { name, generateName: base } = object.metadata;
  if (name || !base) return create(object);
  for (let tries = 1; ; tries += 1) {
    const made = generateName(base, deps.random);
    try {
      return await create({ ...object, metadata: { ...object.metadata, name: made } });
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      if (tries >= maxNameTries) throw noFreeName(error, `${resourceName(target.info)} ${JSON.stringify(made)}`);
    }
  }
}

/** Chance alone failed: who asks again, as Go clients do by themselves, gets another name. */
function noFreeName({ details }: ApiError, name: string): ApiError {
  const message = `${name} already exists, the server was not able to generate a unique name for the object`;
  return new ApiError('AlreadyExists', message, { ...details, retryAfterSeconds: 1 });
}
