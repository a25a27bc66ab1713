import type { Clock } from '../../shared/clock.ts';

/**
 * When each node was last heard. In memory only: heartbeats never touch the store, and a controller that starts knows
 * nobody until it hears them. Has the shape of NodeLiveness in controller/reconcile/node-lifecycle/liveness.ts.
 */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #lastSeen = new Map<string, number>();
  #listener: ((node: string) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `clock.monotonic()` of the last sign of life, or undefined. */
  lastSeen(node: string): number | undefined {
    return this.#lastSeen.get(node);
  }

  /** Registers the one listener; it is called whenever a node is heard. */
  onChange(listener: (node: string) => void): void {
    this.#listener = listener;
  }

  heard(node: string): void {
    this.#lastSeen.set(node, this.#clock.monotonic());
    this.#listener?.(node);
  }
}
