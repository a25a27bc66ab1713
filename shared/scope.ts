/**
 * The lifetime of a long thing. Closing a scope aborts what is below it, children first, and waits for it.
 * A second close waits for the first. Work that ends by its own error reports it once to `onError`.
 */
export class Scope {
  readonly name: string;
  readonly #controller = new AbortController();
  readonly #parent: Scope | undefined;
  readonly #children = new Set<Scope>();
  readonly #work = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(name: string, parent?: Scope) {
    this.name = name;
    this.#parent = parent;
  }

  /** Aborted when the scope closes. Pass it on; do not keep it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** A scope that closes with this one. */
  child(name: string): Scope {
    const child = new Scope(name, this);
    if (this.isClosed) void child.close();
    else this.#children.add(child);
    return child;
  }

  /** Runs `work` until it ends or the scope closes. An error after the abort is the abort itself and is not reported. */
  spawn(work: (signal: AbortSignal) => Promise<void>, onError: (error: unknown) => void): void {
    if (this.isClosed) return;
    const running = (async () => {
      try {
        await work(this.signal);
      } catch (error) {
        if (!this.signal.aborted) onError(error);
      }
    })();
    this.#work.add(running);
    void running.finally(() => this.#work.delete(running));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#controller.abort(new Error(`${this.name} closed`));
    await Promise.all([...this.#children].map((child) => child.close()));
    await Promise.all(this.#work);
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
  }
}
