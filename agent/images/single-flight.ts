interface Flight<T, P> {
  result: Promise<T>;
  controller: AbortController;
  listeners: Set<(progress: P) => void>;
  passengers: number;
}

interface JoinOptions<P> {
  onProgress?: ((progress: P) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Runs the same work once for all who ask for it at the same time. It is aborted when the last of them has left. */
export class SingleFlight<T, P = never> {
  readonly #flights = new Map<string, Flight<T, P>>();

  /** Keys of what runs now. */
  get active(): string[] {
    return [...this.#flights.keys()];
  }

  /** The result of `work`, started now or by another. Rejects with the signal's reason when it is aborted before. */
  async join(
    key: string,
    work: (signal: AbortSignal, report: (progress: P) => void) => Promise<T>,
    { onProgress, signal }: JoinOptions<P> = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.passengers += 1;
    if (onProgress !== undefined) flight.listeners.add(onProgress);
    try {
      return await untilAborted(flight.result, signal);
    } finally {
      flight.passengers -= 1;
      if (onProgress !== undefined) flight.listeners.delete(onProgress);
      if (flight.passengers === 0) this.#leave(key, flight);
    }
  }

  #start(key: string, work: (signal: AbortSignal, report: (progress: P) => void) => Promise<T>): Flight<T, P> {
    const controller = new AbortController();
    const listeners = new Set<(progress: P) => void>();
    const report = (progress: P): void => listeners.forEach((listener) => listener(progress));
    const result = work(controller.signal, report);
    const flight = { result, controller, listeners, passengers: 0 };
    this.#flights.set(key, flight);
    const forget = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    void result.catch(() => undefined).then(forget);
    return flight;
  }

  #leave(key: string, flight: Flight<T, P>): void {
    if (this.#flights.get(key) !== flight) return;
    this.#flights.delete(key); // who comes now starts anew, not on what is being aborted
    flight.controller.abort(new Error('nobody waits for it any more'));
  }
}

/** What `work` gives, or the signal's reason, whichever comes first. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
