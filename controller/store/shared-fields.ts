import type { KubeObject } from '../../shared/objects/types.ts';

type Entries = NonNullable<KubeObject['metadata']['managedFields']>;
type Fields = Readonly<Record<string, object>>;

/** About as many different parts as the kinds of objects in a small cluster have. */
const maxKnown = 4_000;
/** A part of more steps is that of one large object: what is below of it is shared, but nobody looks for another. */
const maxSteps = 1_000;

/**
 * Gives objects that were written alike one `fieldsV1` in memory: the pods of a template have the same owned fields,
 * and these would take more than all else in the object. Parts count too, since a few steps name an object's own
 * address. What is known is forgotten when it is too much; what was given stays good.
 */
export class SharedFields {
  readonly #known = new Map<string, Shared>();
  #lastId = 0;

  /** The entries as they are to be kept: those that are kept already, a copy of any other. */
  share(entries: Entries): Entries {
    if (this.#known.size > maxKnown) this.#known.clear();
    return entries.map((entry) => (Object.isFrozen(entry) ? entry : this.#copy(entry)));
  }

  #copy(entry: Entries[number]): Entries[number] {
    const { fieldsV1 } = entry;
    if (!isFields(fieldsV1)) return JSON.parse(JSON.stringify(entry)) as Entries[number];
    return { ...entry, fieldsV1: Object.isFrozen(fieldsV1) ? fieldsV1 : this.#share(fieldsV1).fields };
  }

  #share(fields: Fields): Shared {
    const steps = Object.keys(fields);
    if (steps.length === 0) return none;
    if (Object.isFrozen(fields)) return { fields };
    const parts = steps.map((step) => this.#share(fields[step] as Fields));
    // Nor is what holds such a part known: it would hold on to it for as long.
    if (steps.length > maxSteps || parts.some(({ id }) => id === undefined)) return { fields: join(steps, parts) };
    const key = parts.map(({ id }, at) => `${JSON.stringify(steps[at])}${id}`).join();
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    this.#lastId += 1;
    const made = { fields: join(steps, parts), id: this.#lastId };
    this.#known.set(key, made);
    return made;
  }
}

function join(steps: readonly string[], parts: readonly Shared[]): Fields {
  const fields: Record<string, object> = {};
  for (const [at, step] of steps.entries()) fields[step] = (parts[at] ?? none).fields;
  return fields;
}

interface Shared {
  fields: Fields;
  /** Undefined for what is not looked for again. */
  id?: number;
}

/** The end of every path. */
const none: Shared = { fields: Object.freeze({}), id: 0 };

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
