import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { apiVersionOf } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { servedVersions } from '../../../shared/objects/versions/served-version.ts';
import { asSaid } from './as-said.ts';
import { emptySet, hasMember, intersection, union, unionAll } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { fieldsOf } from './field-walk.ts';
import { checkDepth, isEqual, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { isSameWriter } from './managed-fields.ts';
import type { Ownership, Writer } from './managed-fields.ts';
import { shapeOf } from './shape.ts';
import type { Types } from './shape.ts';

/** What the last client-side apply said; who owns it applied that way. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const lastAppliedPath = ['f:metadata', 'f:annotations', `f:${lastApplied}`];

/** Managers of command lines whose users also apply on the client's side. Any other manager is its own. */
const commandLines: ReadonlySet<string> = new Set(['berth', 'kubectl']);

/** All annotations of an object together may have so many bytes. */
const maxAnnotationBytes = 256 * 1024;

/**
 * The owners as a server-side apply finds them. The first one by a command line takes over what was applied from the
 * client's side: the same person has only changed the way. What came with that object without being said, as defaults,
 * is nobody's then.
 */
export function takeOverClientSide(
  current: KubeObject,
  owners: Ownership[],
  writer: Writer,
  info: ResourceInfo,
  types: Types,
): Ownership[] {
  const said = readLastApplied(current, info);
  if (!commandLines.has(writer.manager) || writer.subresource !== undefined || said === undefined) return owners;
  const isClientSide = ({ operation, fields }: Ownership): boolean =>
    operation === 'Update' && hasMember(fields, lastAppliedPath);
  const taken = owners.filter(isClientSide);
  if (taken.length === 0) return owners;
  const once = fieldsOf(types, shapeOf(info), said);
  const fields: FieldSet = unionAll(taken.map((owner) => intersection(owner.fields, once)));
  const mine = owners.find((owner) => isSameWriter(owner, writer)) ?? { ...writer, fields: emptySet };
  const others = owners.filter((owner) => owner !== mine && !isClientSide(owner));
  const { entry: _, ...rest } = mine;
  return [...others, { ...rest, fields: union(mine.fields, fields) }];
}

/** `berth scale` and `berth rollout` are the same hand as `berth apply`: what they set, it may set again. */
export function isSameHand(writer: Writer, owner: Ownership): boolean {
  if (writer.manager !== 'berth' || owner.operation !== 'Update') return false;
  return owner.manager === 'berth' || owner.manager.startsWith('berth-');
}

/**
 * `result` with what was applied written down for the next client-side apply, if there ever was one. Nobody has said
 * that, so that it is in conflict with nobody, and whoever owns it goes on to.
 */
export function keepLastApplied(
  current: KubeObject | undefined,
  result: KubeObject,
  config: KubeObject,
  { manager, subresource }: Writer,
  info: ResourceInfo,
): KubeObject {
  const before = current?.metadata.annotations?.[lastApplied];
  const isSaid = config.metadata.annotations?.[lastApplied] !== undefined;
  if (before === undefined || isSaid || !commandLines.has(manager) || subresource !== undefined) return result;
  const { namespace } = current?.metadata ?? {};
  const metadata = { annotations: {}, ...config.metadata, ...(namespace !== undefined && { namespace }) };
  const now = { ...config, metadata } as unknown as JsonObject;
  const isSame = isEqual(readLastApplied(current, info) as unknown as Json, asSaid(info, now) as unknown as Json);
  const { [lastApplied]: _, ...others } = result.metadata.annotations ?? {};
  const annotations = { ...others, [lastApplied]: isSame ? before : `${JSON.stringify(now)}\n` };
  const bytes = Buffer.byteLength(JSON.stringify(annotations));
  return {
    ...result,
    metadata: { ...result.metadata, annotations: bytes > maxAnnotationBytes ? others : annotations },
  };
}

/** Undefined when there is none, or none that can be read: clients may write anything there. */
function readLastApplied(object: KubeObject | undefined, info: ResourceInfo): KubeObject | undefined {
  try {
    const value = JSON.parse(object?.metadata.annotations?.[lastApplied] ?? 'null') as Json;
    checkDepth(value);
    if (!isObject(value) || !isObject(value['metadata'])) return undefined;
    const version = servedVersions.find(
      (each) => each.stored === info && apiVersionOf(each.info) === value['apiVersion'],
    );
    const said = version?.toStored(value as unknown as KubeObject) ?? value;
    return asSaid(info, said as unknown as JsonObject);
  } catch {
    return undefined;
  }
}
