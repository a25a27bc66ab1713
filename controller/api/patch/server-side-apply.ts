import { ApiError } from '../../../shared/errors.ts';
import type { Cause } from '../../../shared/errors.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { decodeObject } from '../../../shared/objects/decode.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import { required } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';
import { apiVersionOf, resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { checkKeys, mergeApplied, removeFields } from './apply-merge.ts';
import { asSaid } from './as-said.ts';
import { isSameHand, keepLastApplied, takeOverClientSide } from './client-side-apply.ts';
import { difference, emptySet, intersection, isEmpty, pathsOf, unionAll, untouched, written } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { fieldsOf } from './field-walk.ts';
import { isObject, withoutNulls } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { isSameWriter, readOwners, withFields, withManagedFields } from './managed-fields.ts';
import type { Ownership, Writer } from './managed-fields.ts';
import { shapeOf } from './shape.ts';
import type { Types } from './shape.ts';

export interface Apply {
  info: ResourceInfo;
  body: unknown;
  manager: string;
  force: boolean;
  subresource?: string;
}

/**
 * The object after `manager` applied `body`: what it says is set and owned by the manager; what the manager said last
 * time and says no more goes, unless somebody else owns it. Throws Conflict when the manager would change a field of
 * somebody else, or takes the field when `force` is set. Whether a field changes is seen on the objects as they are
 * stored: a value that equals the stored one once it is complete and in canonical form changes nothing.
 */
export function serverSideApply(current: KubeObject | undefined, apply: Apply, types: Types, now: number): KubeObject {
  const { info, manager, subresource } = apply;
  const config = readConfig(apply);
  const shape = shapeOf(info);
  checkKeys(types, shape, config as unknown as JsonObject);
  const writer: Writer = {
    manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(info),
    ...(subresource && { subresource }),
  };
  // What nobody knows is stored nowhere, so that nobody owns it.
  const said = fieldsOf(types, shape, decodeObject(info, config, 'Ignore').object);
  const owners = current === undefined ? [] : liveOwners(current, said, writer, info, types);
  const mine = owners.find((owner) => isSameWriter(owner, writer)) ?? { ...writer, fields: emptySet };
  const others = owners.filter((owner) => owner !== mine);

  const merged = mergeApplied(types, shape, current as unknown as Json | undefined, config as unknown as Json);
  const claimed = unionAll([said, ...others.map(({ fields }) => fields)]);
  const pruned = removeFields(types, shape, merged, untouched(mine.fields, claimed)) ?? merged;
  const result = pruned as unknown as KubeObject;

  const left = others.length === 0 ? [] : leftToOthers(apply, current, result, others, writer, types, now);
  const kept = keepLastApplied(current, result, config, writer, info);
  return withManagedFields(kept, [...left, withFields(mine, said, now)]);
}

/** What the others own after the apply has made `result` of the object. Throws Conflict. */
function leftToOthers(
  apply: Apply,
  current: KubeObject | undefined,
  result: KubeObject,
  others: readonly Ownership[],
  writer: Writer,
  types: Types,
  now: number,
): Ownership[] {
  const shape = shapeOf(apply.info);
  const before = fieldsOf(types, shape, current);
  const after = fieldsOf(types, shape, asStored(apply.info, result));
  const gained = written(before, after);
  const strangers = others.filter((owner) => !isSameHand(writer, owner));
  if (!apply.force) checkConflicts(apply, strangers, gained, result.metadata.name);
  const gone = difference(before, after);
  return others.map((owner) => withFields(owner, difference(difference(owner.fields, gained), gone), now));
}

function readConfig({ info, body, manager, subresource }: Apply): KubeObject {
  if (manager === '') {
    const cause = required('fieldManager', 'is required for apply patch');
    throw toInvalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [cause]);
  }
  const config = withoutNulls(body as Json);
  if (!isObject(config)) throw new ApiError('BadRequest', 'an apply patch is an object');
  const apiVersion = apiVersionOf(info);
  if (config['apiVersion'] !== apiVersion || config['kind'] !== info.kind) {
    const got = JSON.stringify([config['apiVersion'], config['kind']]);
    throw new ApiError('BadRequest', `the applied object must be of kind ${apiVersion} ${info.kind}, not ${got}`);
  }
  const metadata = config['metadata'] ?? {};
  if (!isObject(metadata)) throw new ApiError('BadRequest', 'metadata must be an object');
  if (Object.hasOwn(metadata, 'managedFields')) throw new ApiError('BadRequest', 'metadata.managedFields must be nil');
  return asSaid(info, { ...config, metadata }, subresource);
}

function asStored(info: ResourceInfo, object: KubeObject): KubeObject {
  return applyDefaults(info, decodeObject(info, object, 'Ignore').object);
}

/**
 * Before the first apply to an object that nobody was recorded for, all of it counts as somebody's; an apply that says
 * nothing takes nothing from anybody.
 */
function liveOwners(
  current: KubeObject,
  said: FieldSet,
  writer: Writer,
  info: ResourceInfo,
  types: Types,
): Ownership[] {
  const owners = readOwners(current.metadata.managedFields ?? []);
  if (owners.length > 0) return takeOverClientSide(current, owners, writer, info, types);
  const fields = isEmpty(said) ? emptySet : fieldsOf(types, shapeOf(info), current);
  return [{ manager: 'before-first-apply', operation: 'Update', apiVersion: apiVersionOf(info), fields }];
}

function checkConflicts({ info }: Apply, others: readonly Ownership[], gained: FieldSet, name: string): void {
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(owner.fields, gained) }))
    .filter(({ fields }) => !isEmpty(fields))
    .sort((a, b) => (identify(a.owner) < identify(b.owner) ? -1 : 1));
  if (conflicts.length === 0) return;
  const causes = conflicts.flatMap(({ owner, fields }) => pathsOf(fields).map((field) => causeOf(owner, field)));
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  const lines = conflicts.map(({ owner, fields }) => describe(owner, pathsOf(fields), causes.length === 1));
  const [kind = ''] = resourceName(info).split('.');
  const details = { name, kind, ...(info.group !== '' && { group: info.group }), causes };
  throw new ApiError('Conflict', `Apply failed with ${count}: ${lines.join('\n')}`, details);
}

function causeOf(owner: Ownership, field: string): Cause {
  return { reason: 'FieldManagerConflict', message: `conflict with ${nameOf(owner)}`, field };
}

/** What kube-apiserver sorts managers by. */
function identify({ manager, operation, apiVersion, subresource }: Ownership): string {
  return JSON.stringify({ manager, operation, apiVersion, subresource });
}

/** One conflict is one line; of several, each manager has a line of its own and one for each of its fields. */
function describe(owner: Ownership, paths: readonly string[], isOnly: boolean): string {
  if (isOnly) return `conflict with ${nameOf(owner)}: ${paths.join('')}`;
  return [`conflicts with ${nameOf(owner)}:`, ...paths.map((path) => `- ${path}`)].join('\n');
}

/** Managers that apply are known by their name alone, whatever version they apply in. */
function nameOf({ manager, operation, apiVersion, subresource }: Ownership): string {
  const part = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${part}${operation === 'Apply' ? '' : ` using ${apiVersion}`}`;
}
