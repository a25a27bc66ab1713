import { ApiError, hasReason } from '../../../shared/errors.ts';
import { applyDefaults, withKept } from '../../../shared/objects/defaults.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import {
  validateEphemeralUpdate,
  validateResize,
  validateUpdate,
} from '../../../shared/objects/validation/validate.ts';
import { prepareUpdate } from '../../store/object-rules.ts';
import { conflict } from '../../store/store-errors.ts';
import { attributesOf } from '../access/attributes.ts';
import { checkEscalation } from '../access/escalation.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { trackUpdate } from '../patch/patch.ts';
import { servedInfo, type ResourceTarget } from '../resource-path.ts';
import { mergeEphemeralWrite, mergeMainWrite, mergeResizeWrite, mergeStatusWrite } from './admission.ts';
import { readObject, types, warnUnenforced } from './codec.ts';
import { keepSystemMetadata, placeReplacement } from './metadata.ts';
import { createSent } from './create.ts';
import { findObject } from './read.ts';
import { Representation } from './representation.ts';
import { parseWriteOptions, type Writing } from './write-options.ts';

/** Requests take turns, so only what a controller writes can come between. */
const maxTries = 32;

/** PUT of an object or of its status. Some kinds are made by it. */
export async function updateObject(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const options = parseWriteOptions(request);
  const form = negotiateForm(request.headers.accept, 'object');
  const sent = placeReplacement(await readObject(request, target, options), target);
  const writing = { deps, request, target, options };
  const reply = (code: number, object: KubeObject): Reply =>
    jsonReply(code, new Representation(target, form, request.query, deps.clock).object(object));
  const created = await createAbsent(writing, sent);
  return created === undefined ? reply(200, await replaceObject(writing, () => sent)) : reply(201, created);
}

/** Undefined when there is something to update, or nothing may be made: a version that is named must be there. */
async function createAbsent(writing: Writing, sent: KubeObject): Promise<KubeObject | undefined> {
  const { deps, request, target } = writing;
  const { info, namespace, name = '', subresource } = target;
  if (!info.madeByUpdate || subresource !== undefined || !isAnyVersion(sent)) return undefined;
  if (deps.store.get(resourceName(info), namespace, name) !== undefined) return undefined;
  deps.authorizer.require(request.user, attributesOf('create', { ...target, info: servedInfo(target) }));
  try {
    return await createSent(writing, sent);
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}

/**
 * Reads the object, has `change` make the next one of it, and stores that. When another write came between, it is all
 * done again; a `change` that insists on a resourceVersion is refused with Conflict then. The result of an apply
 * carries its field managers already.
 */
export function replaceObject(
  writing: Writing,
  change: (current: KubeObject) => KubeObject,
  operation: 'Update' | 'Apply' = 'Update',
): Promise<KubeObject> {
  const { info, namespace, name = '' } = writing.target;
  const key = { resource: resourceName(info), namespace, name };
  return writing.deps.store.inTurn(key, () => replaceInTurn(writing, change, operation));
}

async function replaceInTurn(
  writing: Writing,
  change: (current: KubeObject) => KubeObject,
  operation: 'Update' | 'Apply',
): Promise<KubeObject> {
  const { deps, target, options } = writing;
  for (let tries = 1; ; tries += 1) {
    const current = findObject(deps.store, target);
    const next = change(current);
    checkPreconditions(target, next, current);
    const complete = admitUpdate(writing, next, current);
    const tracked = operation === 'Apply' ? complete : trackWrite(writing, complete, current);
    const { object, release } = deps.services.reserve(target.info, tracked);
    try {
      if (options.dryRun) return prepareUpdate(current, object);
      return await deps.store.update(resourceName(target.info), object);
    } catch (error) {
      if (tries >= maxTries || !hasReason(error, 'Conflict')) throw error;
    } finally {
      release();
    }
  }
}

/** Completes and checks what an object is to become. Throws what it is refused for. */
function admitUpdate({ deps, request, target }: Writing, next: KubeObject, current: KubeObject): KubeObject {
  const { info, subresource } = target;
  const changed = keepSystemMetadata(allowedPart(target, next, current), current);
  const complete = withKept(info, applyDefaults(info, changed), current);
  if (subresource === 'ephemeralcontainers') validateEphemeralUpdate(info, complete, current);
  else if (subresource === 'resize') validateResize(info, complete, current);
  else validateUpdate(info, complete, current);
  checkEscalation(deps.authorizer, request.user, info, complete, current);
  warnUnenforced(request, info, complete);
  const write = { info, object: complete, old: current, subresource, user: request.user.name };
  request.notes.warnings.push(...deps.podSecurity.admit(write));
  return complete;
}

/** The object with what this subresource lets a write change. */
function allowedPart({ info, subresource }: ResourceTarget, next: KubeObject, current: KubeObject): KubeObject {
  if (subresource === 'status') return mergeStatusWrite(next, current);
  if (subresource === 'ephemeralcontainers') return mergeEphemeralWrite(next, current);
  if (subresource === 'resize') return mergeResizeWrite(next, current);
  if (subresource === 'finalize') return next;
  return mergeMainWrite(info, next, current);
}

function trackWrite({ deps, target, options }: Writing, next: KubeObject, current: KubeObject): KubeObject {
  const { info, subresource } = target;
  const write = { info, manager: options.fieldManager, ...(subresource && { subresource }) };
  return trackUpdate(current, next, write, types, deps.clock.now());
}

function checkPreconditions(
  { info, namespace, name = '' }: ResourceTarget,
  next: KubeObject,
  current: KubeObject,
): void {
  const { resourceVersion = '', uid = '' } = next.metadata;
  const key = { resource: resourceName(info), namespace, name };
  if (uid !== '' && uid !== current.metadata.uid) {
    throw conflict(
      key,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  if (isAnyVersion(next) || resourceVersion === current.metadata.resourceVersion) return;
  if (!/^[0-9]{1,15}$/.test(resourceVersion)) {
    throw new ApiError('BadRequest', `metadata.resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}`);
  }
  throw conflict(key);
}

/** Whether a write insists on no version: 0 is as good as none. */
function isAnyVersion({ metadata }: KubeObject): boolean {
  return /^0*$/.test(metadata.resourceVersion ?? '');
}
