import type { Clock } from '../../shared/clock.ts';

const maxGone = 20_000;
const forgetAfterMs = 600_000;

/**
 * Which node runs, or lately ran, a pod: a node may speak of its own pods only. Pods that are gone are remembered for
 * ten minutes, for their last events and log lines; and for ten minutes after the start an unknown one may be such a pod.
 */
export class PodOwners {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #nodes = new Map<string, string>();
  readonly #gone = new Map<string, { node: string; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** Forgets the living; they are about to be added again. */
  reset(): void {
    this.#nodes.clear();
  }

  add(uid: string | undefined, node: string): void {
    if (uid !== undefined) this.#nodes.set(uid, node);
  }

  remove(uid: string | undefined): void {
    const node = uid === undefined ? undefined : this.#nodes.get(uid);
    if (uid === undefined || node === undefined) return;
    this.#nodes.delete(uid);
    this.#gone.set(uid, { node, at: this.#clock.monotonic() });
    for (const [oldest, { at }] of this.#gone) {
      if (this.#gone.size <= maxGone && this.#clock.monotonic() - at < forgetAfterMs) break;
      this.#gone.delete(oldest);
    }
  }

  isLiveOn(node: string, uid: string): boolean {
    return this.#nodes.get(uid) === node;
  }

  /** True for pods of this node, living or lately gone. */
  maySpeakOf(node: string, uid: string): boolean {
    const owner = this.#nodes.get(uid) ?? this.#gone.get(uid)?.node;
    if (owner !== undefined) return owner === node;
    return this.#clock.monotonic() - this.#startedAt < forgetAfterMs;
  }
}
