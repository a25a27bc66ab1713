import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../../shared/clock.ts';
import type { Scope } from '../../shared/scope.ts';

/** The process's own numbers, without the gauges that have the name of a counter. */
export function processRegistry(): Registry {
  const registry = new Registry();
  // Its clock for delays ticks as often as told, in ms: by default a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 200 });
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
  return registry;
}

/** For the parent that starts this process again when it does not answer any more. */
export function showLife(): void {
  if (process.connected) process.send?.({ alive: true });
}

const tickMs = 1_000;
/** A delay is remembered for one to two of these. */
const windowMs = 15_000;

/** Measures how long the main thread keeps waiting what is due: everything, while it is stuck in one piece of work. */
export class EventLoopDelay {
  readonly #clock: Clock;
  #worstMs = 0;
  #worstBeforeMs = 0;
  #windowEnd = 0;

  constructor(clock: Clock, registry: Registry) {
    this.#clock = clock;
    const gauge: Gauge = new Gauge({
      name: 'berth_event_loop_delay_seconds',
      help: 'Longest time of the last 15 to 30 seconds in which the main thread was busy with one thing.',
      registers: [registry],
      collect: () => gauge.set(this.worstMs / 1_000),
    });
  }

  /** The longest delay of the last 15 to 30 seconds. */
  get worstMs(): number {
    return Math.max(this.#worstMs, this.#worstBeforeMs);
  }

  /** Calls `tick` every second as well, as long as the main thread gets to it. */
  run(scope: Scope, tick: () => void): void {
    scope.spawn(
      (signal) => this.#measure(tick, signal),
      () => undefined,
    );
  }

  async #measure(tick: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      tick();
      const due = this.#clock.monotonic() + tickMs;
      await this.#clock.sleep(tickMs, signal);
      this.#note(this.#clock.monotonic() - due);
    }
  }

  #note(delayMs: number): void {
    const now = this.#clock.monotonic();
    if (now >= this.#windowEnd) {
      [this.#worstBeforeMs, this.#worstMs] = [this.#worstMs, 0];
      this.#windowEnd = now + windowMs;
    }
    this.#worstMs = Math.max(this.#worstMs, delayMs);
  }
}
