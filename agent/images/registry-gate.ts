import type { Clock } from '../../shared/clock.ts';
import { RegistryError } from './registry-errors.ts';

/** Holds back all requests to a registry that has asked for a pause. */
export class RegistryGate {
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  readonly #openAt = new Map<string, number>();

  constructor(clock: Clock, maxWaitMs: number) {
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Waits for the end of the pause; throws RegistryUnavailable at once when that is too far away. */
  async pass(host: string, what: string, signal?: AbortSignal): Promise<void> {
    for (let wait = this.#left(host); wait > 0; wait = this.#left(host)) {
      if (wait > this.#maxWaitMs) {
        const seconds = Math.ceil(wait / 1000);
        const message = `${what}: registry ${host} asked to wait, ${seconds} s are left; log in or use a mirror`;
        throw new RegistryError('RegistryUnavailable', message, 429);
      }
      await this.#clock.sleep(wait, signal);
    }
    if (this.#openAt.has(host)) this.#openAt.delete(host);
  }

  /** Nobody asks this registry for so long. A pause is never shortened. */
  hold(host: string, ms: number): void {
    const openAt = this.#clock.monotonic() + ms;
    this.#openAt.set(host, Math.max(openAt, this.#openAt.get(host) ?? 0));
  }

  #left(host: string): number {
    return (this.#openAt.get(host) ?? 0) - this.#clock.monotonic();
  }
}

/** Milliseconds of a Retry-After header, in seconds or as a date; undefined when there is none. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
