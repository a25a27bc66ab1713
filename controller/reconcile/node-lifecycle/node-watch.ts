import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { NodeLiveness } from './liveness.ts';
import { judgeNodes } from './silence.ts';
import type { Guard, SilenceSettings, Verdict } from './silence.ts';

interface Deps {
  clock: Clock;
  log: Logger;
  liveness: NodeLiveness;
}

const tickMs = 250;

/** Looks at all heartbeats four times a second and keeps a verdict on every node. Holds no timers per node. */
export class NodeWatch {
  readonly #deps: Deps;
  readonly #settings: SilenceSettings;
  readonly #known = new Map<string, { since: number; isLost: boolean }>();
  readonly #heardSince = new Map<string, number>();
  #verdicts: ReadonlyMap<string, Verdict> = new Map();
  #guard: Guard = {};
  #awakeSince: number;
  #lastLook: number;

  constructor(deps: Deps, settings: SilenceSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#awakeSince = this.#lastLook = deps.clock.monotonic();
  }

  /** A node exists. `isLost` counts the first time, so that a restart does not judge it anew. */
  know(name: string, isLost: boolean): void {
    if (!this.#known.has(name)) this.#known.set(name, { since: this.#deps.clock.monotonic(), isLost });
  }

  forget(name: string): void {
    this.#known.delete(name);
    this.#heardSince.delete(name);
  }

  /** Forgets all others. */
  retain(names: readonly string[]): void {
    const kept = new Set(names);
    [...this.#known.keys()].filter((name) => !kept.has(name)).forEach((name) => this.forget(name));
  }

  verdictOn(name: string): Verdict {
    return this.#verdicts.get(name) ?? 'waiting';
  }

  /** For how long the node has been heard without a silence. */
  heardForMs(name: string): number {
    const since = this.#heardSince.get(name);
    return since === undefined ? 0 : this.#deps.clock.monotonic() - since;
  }

  /** Calls `changed` with the name of every node on which the verdict changes, until aborted. */
  async run(changed: (name: string) => void, signal: AbortSignal): Promise<void> {
    this.#deps.liveness.onChange((name) => {
      if (this.#known.has(name) && this.verdictOn(name) !== 'heard') this.look(changed);
    });
    while (!signal.aborted) {
      this.look(changed);
      await this.#deps.clock.sleep(tickMs, signal);
    }
  }

  /** One look at every node. */
  look(changed: (name: string) => void): void {
    const { clock, liveness, log } = this.#deps;
    const now = clock.monotonic();
    // A pause of this process made every node silent: that is no news about the nodes.
    if (now - this.#lastLook > this.#settings.graceMs / 2) this.#awakeSince = now;
    this.#lastLook = now;
    const nodes = [...this.#known].map(([name, { since, isLost }]) => {
      const seen = liveness.lastSeen(name);
      return { name, isLost, silentSince: seen ?? since, wasHeard: seen !== undefined };
    });
    const { verdicts, guard } = judgeNodes(nodes, this.#guard, this.#awakeSince, now, this.#settings);
    if (guard.massSince !== undefined && this.#guard.massSince === undefined) {
      log.warn('many nodes are silent at once: nothing is replaced until this is confirmed', { nodes: nodes.length });
    }
    this.#guard = guard;
    const before = this.#verdicts;
    this.#verdicts = verdicts;
    for (const [name, verdict] of verdicts) {
      const known = this.#known.get(name);
      if (known !== undefined && verdict !== 'waiting') known.isLost = verdict === 'lost';
      if (verdict === before.get(name)) continue;
      if (verdict === 'heard') this.#heardSince.set(name, now);
      else this.#heardSince.delete(name);
      changed(name);
    }
  }
}
