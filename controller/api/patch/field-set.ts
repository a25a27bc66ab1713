import { isEqual, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * A set of fields as a tree. Steps are those of FieldsV1: `f:name`, `k:{"name":"c1"}`, `v:"x"`. Sets are never changed:
 * every operation makes a new one, and a branch without a member does not exist.
 */
export interface FieldSet {
  /** Whether the field that stands here is in the set itself. */
  isMember: boolean;
  /** Of a leaf that was read from an object: what changes are found by. */
  value?: Json;
  children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();
export const emptySet: FieldSet = { isMember: false, children: noChildren };

const bareLeaf: FieldSet = { isMember: true, children: noChildren };

export function leaf(value?: Json): FieldSet {
  return value === undefined ? bareLeaf : { isMember: true, children: noChildren, value };
}

export function isEmpty(set: FieldSet): boolean {
  return !set.isMember && set.children.size === 0;
}

/** `a` itself when `b` adds nothing. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  const added = new Map<string, FieldSet>();
  for (const [step, child] of b.children) {
    const other = a.children.get(step);
    const both = other === undefined ? child : union(other, child);
    if (both !== other) added.set(step, both);
  }
  const isMember = a.isMember || b.isMember;
  if (added.size === 0 && isMember === a.isMember) return a;
  return { isMember, children: added.size === 0 ? a.children : new Map([...a.children, ...added]) };
}

/** Whether both have the same members. */
export function isSame(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.isMember !== b.isMember || a.children.size !== b.children.size) return false;
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    if (other === undefined || !isSame(child, other)) return false;
  }
  return true;
}

/** Halves first: adding one after the other would copy what is there for each of thousands of owners. */
export function unionAll(sets: readonly FieldSet[]): FieldSet {
  if (sets.length <= 1) return sets[0] ?? emptySet;
  const middle = sets.length >>> 1;
  return union(unionAll(sets.slice(0, middle)), unionAll(sets.slice(middle)));
}

/** Whether the field at the end of these steps is a member. */
export function hasMember(set: FieldSet, [step, ...further]: readonly string[]): boolean {
  if (step === undefined) return set.isMember;
  const child = set.children.get(step);
  return child !== undefined && hasMember(child, further);
}

/** Members of `a` that are not members of `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return select(a, b, (inA, inB) => inA.isMember && !inB.isMember);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return select(a, b, (inA, inB) => inA.isMember && inB.isMember, emptySet);
}

/** Members of `a` that `b` has not, and has nothing below of either. */
export function untouched(a: FieldSet, b: FieldSet): FieldSet {
  return select(a, b, () => false);
}

/** Members of `after` that are new or have another value than in `before`: both read from objects. */
export function written(before: FieldSet, after: FieldSet): FieldSet {
  return select(after, before, (now, was) => now.isMember && (!was.isMember || !isEqual(now.value, was.value)));
}

type Selects = (inA: FieldSet, inB: FieldSet) => boolean;

/**
 * The members of `a` that are selected by what `b` has in their place. Where it has nothing, all of them are, or
 * `elsewhere` if it is given. `a` itself when all are selected.
 */
function select(a: FieldSet, b: FieldSet, selects: Selects, elsewhere?: FieldSet): FieldSet {
  const isMember = selects(a, b);
  const children = selectBelow(a.children, b, selects, elsewhere);
  return children === a.children && isMember === a.isMember ? a : { isMember, children };
}

/** Few sets are cut: most are whole, or nothing is left, and no other map is made. */
function selectBelow(
  all: FieldSet['children'],
  b: FieldSet,
  selects: Selects,
  elsewhere: FieldSet | undefined,
): FieldSet['children'] {
  if (b.children.size === 0 && elsewhere === undefined) return all;
  const kept: [string, FieldSet][] = [];
  let isWhole = true;
  for (const [step, child] of all) {
    const other = b.children.get(step);
    const selected = other === undefined ? (elsewhere ?? child) : select(child, other, selects, elsewhere);
    if (selected !== child) isWhole = false;
    if (!isEmpty(selected)) kept.push([step, selected]);
  }
  return isWhole ? all : kept.length === 0 ? noChildren : new Map(kept);
}

/** What stands at the end of most steps: one for all. */
const noFields: JsonObject = Object.freeze({});

/** A map of more keys is that of one object alone. */
const maxShared = 1_000;

/** As `fieldsV1` of a managedFields entry. A part that no other object will have is frozen: it is kept as it is. */
export function toFieldsV1({ isMember, children }: FieldSet): JsonObject {
  if (children.size === 0) return noFields;
  const fields: JsonObject = isMember ? { '.': noFields } : {};
  let isFlat = true;
  for (const step of [...children.keys()].sort()) {
    const below = toFieldsV1(children.get(step) ?? emptySet);
    if (below !== noFields) isFlat = false;
    fields[step] = below;
  }
  return isFlat && children.size > maxShared ? Object.freeze(fields) : fields;
}

export function fromFieldsV1(fields: unknown, isRoot = true): FieldSet {
  if (!isObject(fields)) return emptySet;
  const steps = Object.keys(fields);
  if (steps.length === 0) return isRoot ? emptySet : bareLeaf;
  const children = new Map<string, FieldSet>();
  for (const step of steps) if (step !== '.') children.set(step, fromFieldsV1(fields[step], false));
  return { isMember: !isRoot && (children.size === 0 || Object.hasOwn(fields, '.')), children };
}

/**
 * The members as conflicts name them, `.spec.containers[name="c1"].image`, in the order of structured-merge-diff: those
 * of a level by name, then what is below.
 */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const here = children.filter(([, child]) => child.isMember).map(([step]) => prefix + showStep(step));
  const isBranch = (child: FieldSet): boolean => child.children.size > 0;
  const below = children
    .filter(([, child]) => isBranch(child))
    .flatMap(([step, child]) => pathsOf(child, prefix + showStep(step)));
  return [...here, ...below];
}

function showStep(step: string): string {
  const text = step.slice(2);
  if (step.startsWith('f:')) return `.${text}`;
  if (step.startsWith('v:')) return `[=${text}]`;
  if (!step.startsWith('k:')) return `[${text}]`;
  return `[${showKeys(text)}]`;
}

/** Clients may bring their own managedFields, so the keys need not be what Berth writes. */
function showKeys(text: string): string {
  try {
    const keys = Object.entries(JSON.parse(text) as JsonObject);
    return keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',');
  } catch {
    return text;
  }
}
