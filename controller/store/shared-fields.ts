import type { KubeObject } from '../../shared/objects/types.ts';

type Entries = NonNullable<KubeObject['metadata']['managedFields']>;
type Fields = Readonly<Record<string, object>>;

/** About as many different parts as the kinds of objects in a small cluster have. */
const maxKnown = 4_000;

/**
 * Gives objects that were written alike one `fieldsV1` in memory: the pods of a template have the same owned fields,
 * and these would take more than all else in the object. Parts count too, since a few steps name an object's own
 * address. What is known is forgotten when it is too much; what was given stays good.
 */
export class SharedFields {
  readonly #known = new Map<string, { fields: Fields; id: number }>();
  #nextId = 0;

  /** The entries as they are to be kept: those that are kept already, a copy of any other. */
  share(entries: Entries): Entries {
    if (this.#known.size > maxKnown) this.#known.clear();
    return entries.map((entry) => (Object.isFrozen(entry) ? entry : this.#copy(entry)));
  }

  #copy(entry: Entries[number]): Entries[number] {
    const copy = JSON.parse(JSON.stringify(entry)) as Entries[number];
    return isFields(copy.fieldsV1) ? { ...copy, fieldsV1: this.#share(copy.fieldsV1).fields } : copy;
  }

  #share(fields: Fields): { fields: Fields; id: number } {
    const parts = Object.entries(fields).map(([step, below]) => ({ step, ...this.#share(below as Fields) }));
    const key = parts.map(({ step, id }) => `${JSON.stringify(step)}${id}`).join();
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const made = { fields: Object.fromEntries(parts.map((part) => [part.step, part.fields])), id: this.#nextId };
    this.#nextId += 1;
    this.#known.set(key, made);
    return made;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
