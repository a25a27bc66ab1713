export interface WaitLimits {
  timeoutMs: number;
  /** What a wait fails with after that time. */
  late: () => Error;
  signal?: AbortSignal;
}

/**
 * Waits that hang on one thing, as a connection. Each ends with its work, after its limit, with its caller's signal, or
 * when the thing is lost. The work itself cannot be broken off; how it ends later is of no interest.
 */
export class BoundedWaits {
  readonly #failures = new Set<(error: Error) => void>();

  async wait<T>(begin: () => Promise<T>, { timeoutMs, late, signal }: WaitLimits): Promise<T> {
    signal?.throwIfAborted();
    const { promise: interrupted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal?.reason as Error);
    const timer = setTimeout(() => reject(late()), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#failures.add(reject);
    try {
      return await Promise.race([begin(), interrupted]);
    } finally {
      this.#failures.delete(reject);
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    }
  }

  /** Ends all with this error. */
  failAll(error: Error): void {
    for (const fail of this.#failures) fail(error);
  }
}
