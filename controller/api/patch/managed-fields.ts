import { rfc3339 } from '../../../shared/clock.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { apiVersionOf } from '../../../shared/objects/resources.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../shared/objects/types.ts';
import {
  difference,
  emptySet,
  fromFieldsV1,
  isEmpty,
  isSame,
  toFieldsV1,
  union,
  unionAll,
  written,
} from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { fieldsOf } from './field-walk.ts';
import { checkDepth, isEqual, isObject } from './json.ts';
import { shapeOf } from './shape.ts';
import type { Types } from './shape.ts';

/** Who writes, and how: one entry of metadata.managedFields. */
export interface Writer {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
}

/** A writer with the fields it owns. `time` is when these last changed. */
export interface Ownership extends Writer {
  time?: string;
  fields: FieldSet;
  /** The stored entry that says all this; absent when it is to be written anew. */
  entry?: ManagedFieldsEntry;
}

export function isSameWriter(a: Writer, b: Writer): boolean {
  const sameWay = a.operation === b.operation && a.apiVersion === b.apiVersion;
  return sameWay && a.manager === b.manager && (a.subresource ?? '') === (b.subresource ?? '');
}

export interface Write {
  info: ResourceInfo;
  manager: string;
  /** Set when a subresource is written. */
  subresource?: string;
}

/**
 * `next` with metadata.managedFields as a POST, a PUT or a patch other than apply leaves them: the manager owns what it
 * changed, all others lose that and what is gone. Call it with the object as it will be stored.
 */
export function trackUpdate<T extends KubeObject>(
  previous: KubeObject | undefined,
  next: T,
  write: Write,
  types: Types,
  now: number,
): T {
  const { info, manager, subresource } = write;
  checkDepth(next);
  const writer: Writer = {
    manager,
    operation: 'Update',
    apiVersion: apiVersionOf(info),
    ...(subresource && { subresource }),
  };
  const shape = shapeOf(info);
  const before = fieldsOf(types, shape, previous && changedParts(previous, next, write));
  const after = fieldsOf(types, shape, changedParts(next, previous, write));
  const gained = written(before, after);
  const gone = difference(before, after);
  const owners = readOwners(givenOrLive(previous, next));
  const others = owners
    .filter((owner) => !isSameWriter(owner, writer))
    .map((owner) => withFields(owner, difference(difference(owner.fields, gained), gone), now));
  const mine = owners.find((owner) => isSameWriter(owner, writer)) ?? { ...writer, fields: emptySet };
  const owned = union(difference(mine.fields, gone), gained);
  return withManagedFields(next, [...others, withFields(mine, owned, now)]);
}

/**
 * The object without what the other says alike: that changes no owner, and most writes leave spec or status alone.
 * Whoever writes the resource itself owns nothing of its status.
 */
function changedParts(object: KubeObject, other: KubeObject | undefined, { info, subresource }: Write): KubeObject {
  const { apiVersion, kind, metadata, ...parts } = object;
  const hasStatusAside = subresource !== 'status' && info.subresources.includes('status');
  const changed = Object.entries(parts).filter(
    ([name, part]) => !(hasStatusAside && name === 'status') && !isEqual(part, (other as Parts | undefined)?.[name]),
  );
  return { apiVersion, kind, metadata, ...Object.fromEntries(changed) };
}

type Parts = Record<string, unknown>;

/**
 * Clients that do not know managedFields send none, and lose nobody's; those that do may replace them, and a single
 * empty entry forgets them all. A new object brings none.
 */
function givenOrLive(previous: KubeObject | undefined, next: KubeObject): readonly ManagedFieldsEntry[] {
  const live = previous?.metadata.managedFields ?? [];
  const given = previous === undefined ? [] : (next.metadata.managedFields ?? []);
  if (given.length === 1 && Object.keys(given[0] ?? {}).length === 0) return [];
  return readOwners(given).length > 0 ? given : live;
}

/** Entries that cannot be read are left out. */
export function readOwners(entries: readonly ManagedFieldsEntry[]): Ownership[] {
  return entries.flatMap((entry): Ownership[] => {
    const { manager = '', operation, apiVersion = '', subresource, time, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return [];
    const optional = { ...(subresource && { subresource }), ...(time !== undefined && { time }) };
    const kept = { ...optional, ...(Object.isFrozen(entry) && { entry }) };
    return [{ manager, operation, apiVersion, ...kept, fields: readFields(fieldsV1) }];
  });
}

/** Stored fields are frozen, and many objects share them. */
const knownFields = new WeakMap<object, FieldSet>();

function readFields(fieldsV1: object | undefined): FieldSet {
  if (!Object.isFrozen(fieldsV1) || !isObject(fieldsV1)) return fromFieldsV1(fieldsV1);
  const known = knownFields.get(fieldsV1) ?? fromFieldsV1(fieldsV1);
  knownFields.set(fieldsV1, known);
  return known;
}

/** The entry with other fields; its time moves only when they differ. */
export function withFields(owner: Ownership, fields: FieldSet, now: number): Ownership {
  if (isSame(owner.fields, fields)) return owner;
  const { entry: _, ...rest } = owner;
  return { ...rest, fields, time: rfc3339(now) };
}

export function withManagedFields<T extends KubeObject>(object: T, owners: readonly Ownership[]): T {
  const entries = bounded(owners.filter(({ fields }) => !isEmpty(fields)))
    .sort(inOrder)
    .map(toEntry);
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** Appliers first, then by time and name, as kube-apiserver keeps them: who writes last without a change moves nothing. */
function inOrder(a: Ownership, b: Ownership): number {
  const place = ({ operation, time = '', manager, apiVersion, subresource = '' }: Ownership): string[] => {
    return [operation, time, manager, apiVersion, subresource];
  };
  const [left, right] = [place(a), place(b)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : (left[at] ?? '') < (right[at] ?? '') ? -1 : 1;
}

function toEntry(owner: Ownership): ManagedFieldsEntry {
  const { manager, operation, apiVersion, subresource, time, fields, entry } = owner;
  return (
    entry ?? {
      manager,
      operation,
      apiVersion,
      ...(time !== undefined && { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields) as ManagedFieldsEntry['fieldsV1'],
      ...(subresource && { subresource }),
    }
  );
}

const maxUpdaters = 10;

/** An object keeps its newest ten updaters; the older ones become one. */
function bounded(owners: readonly Ownership[]): Ownership[] {
  const appliers = owners.filter(({ operation }) => operation === 'Apply');
  const updaters = owners.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= maxUpdaters) return [...appliers, ...updaters];
  const oldestFirst = [...updaters].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
  const old = oldestFirst.slice(0, updaters.length - maxUpdaters + 1);
  const [oldest] = old;
  if (oldest === undefined) return [...owners];
  const fields = unionAll(old.map((owner) => owner.fields));
  const ancient: Ownership = { manager: 'ancient-changes', operation: 'Update', apiVersion: oldest.apiVersion, fields };
  if (oldest.time !== undefined) ancient.time = oldest.time;
  return [...appliers, ancient, ...updaters.filter((owner) => !old.includes(owner))];
}
