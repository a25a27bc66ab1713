import type { ObjectKey } from './state-store.ts';

/** Lets writers of one object work one after the other, in the order in which they came. Keeps nothing when idle. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves or rejects as `work` does. Work that asks for a turn of the same object would wait for itself. */
  take<R>({ resource, namespace, name }: ObjectKey, work: () => Promise<R>): Promise<R> {
    const id = `${resource}/${namespace}/${name}`;
    const before = this.#last.get(id);
    const result = before === undefined ? work() : before.then(work);
    const over: Promise<void> = result.then(
      () => this.#forget(id, over),
      () => this.#forget(id, over),
    );
    this.#last.set(id, over);
    return result;
  }

  #forget(id: string, over: Promise<void>): void {
    if (this.#last.get(id) === over) this.#last.delete(id);
  }
}
