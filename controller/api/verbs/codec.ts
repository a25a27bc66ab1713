import { ApiError } from '../../../shared/errors.ts';
import { decodeBody, decodeObject, WrongType } from '../../../shared/objects/decode.ts';
import { parseBody, type ParsedBody } from '../../../shared/objects/parse-body.ts';
import { findType, type BodyKind } from '../../../shared/objects/schema-table.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { invalid } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';
import { unsupported } from '../../../shared/objects/validation/unsupported.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { servedInfo, type ResourceTarget } from '../resource-path.ts';
import { applyPatch, patchTypes, type PatchType, type Types } from '../patch/patch.ts';
import type { FieldValidation, WriteOptions } from './write-options.ts';

/** The types that patches and field managers look fields up in. */
export const types: Types = { find: findType };

type Target = Pick<ResourceTarget, 'info' | 'version'>;

/**
 * Reads the object that a POST or PUT brings, and gives it in the stored version. Throws BadRequest and the like; what
 * is forgiven becomes a warning.
 */
export async function readObject(
  request: ApiRequest,
  target: Target,
  { fieldValidation }: WriteOptions,
): Promise<KubeObject> {
  const { value, problems } = await parse(request, target.info.kind);
  return decode(request, target, value, fieldValidation, problems);
}

/** Reads a body that is no stored object, sent or applied. */
export async function readBody<T extends { apiVersion: string; kind: string }>(
  request: ApiRequest,
  kind: BodyKind,
  fieldValidation: FieldValidation,
): Promise<T> {
  const isApplied = patchTypes[request.contentType] === 'apply';
  const format = isApplied ? 'application/yaml' : request.contentType;
  const { value, problems } = parseBody(await request.body(), format, kind);
  const { object, warnings } = decodeBody<T>(kind, value, fieldValidation, problems);
  request.notes.warnings.push(...warnings);
  return object;
}

/** A patch that has been read and is ready for the object it is meant for, which comes in the stored version. */
export interface Patch {
  type: PatchType;
  /** The object as the patch leaves it. Only apply takes none. Throws what the patch is refused for. */
  apply(current: KubeObject | undefined, now: number): KubeObject;
}

/**
 * Reads a patch of an object of this kind. Its result is decoded as a body is, since it can bring unknown fields. A
 * patch changes the object in the version of the URL; what is applied is taken into the stored version first, so that
 * fields have the same owners in every version.
 */
export async function readPatch(
  request: ApiRequest,
  target: Target,
  { fieldManager, hasFieldManager, force, fieldValidation }: WriteOptions,
  subresource: string | undefined,
): Promise<Patch> {
  const type = Object.hasOwn(patchTypes, request.contentType) ? patchTypes[request.contentType] : undefined;
  if (type === undefined) {
    const accepted = Object.keys(patchTypes).join(', ');
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
    throw new ApiError('UnsupportedMediaType', message);
  }
  const { info, version } = target;
  const format = type === 'apply' ? 'application/yaml' : 'application/json';
  const { value, problems } = parseBody(await request.body(), format, info.kind);
  const manager = type === 'apply' && !hasFieldManager ? '' : fieldManager;
  const patch = { type, fieldManager: manager, force, ...(subresource && { subresource }) };
  if (type === 'apply' && version !== undefined) {
    const body = decode(request, target, value, fieldValidation, problems);
    return { type, apply: (current, now) => applyPatch(current, { ...patch, info, body }, types, now) };
  }
  return {
    type,
    apply: (current, now) => {
      const seen = current && version ? version.fromStored(current) : current;
      const patched = applyPatch(seen, { ...patch, info: servedInfo(target), body: value }, types, now);
      try {
        return decode(request, target, patched, fieldValidation, problems);
      } catch (error) {
        if (!(error instanceof WrongType)) throw error;
        throw toInvalid({ group: '', kind: '' }, '', [invalid('patch', value, error.problem)]);
      }
    },
  };
}

/** Warns of what is stored but has no effect. */
export function warnUnenforced(request: ApiRequest, info: ResourceInfo, object: KubeObject): void {
  if (info.storedOnly) request.notes.warnings.push(`${info.kind}: stored, not enforced by this version`);
  request.notes.warnings.push(...unsupported(info, object));
}

async function parse(request: ApiRequest, kind: string): Promise<ParsedBody> {
  return parseBody(await request.body(), request.contentType, kind);
}

/** The object in the stored version; a conversion reads annotations too, so its result is looked at again. */
function decode(
  request: ApiRequest,
  { info, version }: Target,
  value: unknown,
  mode: FieldValidation,
  problems: readonly string[],
): KubeObject {
  const { object, warnings } = decodeObject(version?.info ?? info, value, mode, problems);
  request.notes.warnings.push(...warnings);
  return version === undefined ? object : decodeObject(info, version.toStored(object), 'Ignore').object;
}
