import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Probe } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import type { ProbeTarget, Prober } from '../probes/prober.ts';
import type { ContainerId } from '../runtime/driver.ts';
import type { PodEvents } from './pod-events.ts';
import type { ProbeVerdict } from './pod-view.ts';
import { countResult, judge, noResults } from './probe-count.ts';

/** A running container and what is known of it already. */
export interface Probed {
  target: ProbeTarget;
  startedAt: number;
  /** What an earlier process of this agent had found out. */
  known?: { isStarted: boolean; isReady: boolean };
}

interface Deps {
  prober: Prober;
  clock: Clock;
  log: Logger;
  events: () => PodEvents;
  /** Called when a verdict changed. */
  onChange: () => void;
}

type Kind = 'startup' | 'liveness' | 'readiness';
const words = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

/** The probes of one pod's running containers, each on its own period. */
export class ProbeLoops {
  readonly #deps: Deps;
  readonly #scope: Scope;
  readonly #running = new Map<ContainerId, { scope: Scope; verdict: ProbeVerdict }>();

  constructor(deps: Deps, scope: Scope) {
    this.#deps = deps;
    this.#scope = scope;
  }

  get verdicts(): ReadonlyMap<ContainerId, ProbeVerdict> {
    return new Map([...this.#running].map(([id, { verdict }]) => [id, verdict]));
  }

  /** Probes exactly these from now on; those that are probed already go on. */
  sync(wanted: readonly Probed[]): void {
    const ids = new Set(wanted.map(({ target }) => target.id));
    for (const [id, { scope }] of this.#running) {
      if (ids.has(id)) continue;
      this.#running.delete(id);
      void scope.close();
    }
    for (const probed of wanted) if (!this.#running.has(probed.target.id)) this.#start(probed);
  }

  /** Ends all probing; verdicts stay as they are. */
  stop(): void {
    for (const { scope } of this.#running.values()) void scope.close();
  }

  #start(probed: Probed): void {
    const { startupProbe, readinessProbe } = probed.target.container;
    const verdict: ProbeVerdict = {
      isStarted: startupProbe === undefined || probed.known?.isStarted === true,
      isReady: readinessProbe === undefined || probed.known?.isReady === true,
    };
    const scope = this.#scope.child(`probes ${probed.target.id}`);
    this.#running.set(probed.target.id, { scope, verdict });
    scope.spawn(
      (signal) => this.#run(probed, verdict, scope, signal),
      (error) => this.#deps.log.error('probes failed', { container: probed.target.id, error }),
    );
  }

  async #run(probed: Probed, verdict: ProbeVerdict, scope: Scope, signal: AbortSignal): Promise<void> {
    const { startupProbe, livenessProbe, readinessProbe } = probed.target.container;
    if (startupProbe !== undefined && !verdict.isStarted) {
      await this.#loop('startup', startupProbe, probed, verdict, signal);
    }
    for (const [kind, probe] of [
      ['liveness', livenessProbe],
      ['readiness', readinessProbe],
    ] as const) {
      if (probe === undefined) continue;
      scope.spawn(
        (inner) => this.#loop(kind, probe, probed, verdict, inner),
        (error) => this.#deps.log.error('probe failed', { container: probed.target.id, kind, error }),
      );
    }
  }

  /** Ends when a startup probe has succeeded; otherwise with the signal. */
  async #loop(kind: Kind, probe: Probe, probed: Probed, verdict: ProbeVerdict, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const delay = probed.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    if (delay > 0) await clock.sleep(Math.min(delay, (probe.initialDelaySeconds ?? 0) * 1000), signal);
    let count = noResults;
    let due = clock.monotonic();
    while (!signal.aborted) {
      count = countResult(count, await this.#check(kind, probe, probed.target, signal));
      if (this.#conclude(kind, probe, judge(count, probe), verdict) && kind === 'startup') return;
      due = Math.max(due + periodMs, clock.monotonic());
      await clock.sleep(due - clock.monotonic(), signal);
    }
  }

  async #check(kind: Kind, probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<'success' | 'failure'> {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    const { outcome, output } = await this.#deps.prober.check(probe, target, timeoutMs, signal);
    const events = this.#deps.events();
    const { name } = target.container;
    if (outcome === 'failure') events.warning('Unhealthy', `${words[kind]} probe failed: ${output}`, name);
    if (outcome === 'warning') events.warning('ProbeWarning', `${words[kind]} probe warning: ${output}`, name);
    return outcome === 'failure' ? 'failure' : 'success';
  }

  /** Writes what was proved into the verdict; true for a proved success. */
  #conclude(kind: Kind, probe: Probe, proved: 'success' | 'failure' | undefined, verdict: ProbeVerdict): boolean {
    if (proved === undefined) return false;
    const before = JSON.stringify(verdict);
    if (kind === 'readiness') verdict.isReady = proved === 'success';
    else if (proved === 'failure') {
      const seconds = probe.terminationGracePeriodSeconds;
      verdict.failed ??= seconds === undefined ? { probe: kind } : { probe: kind, graceMs: seconds * 1000 };
    } else if (kind === 'startup') verdict.isStarted = true;
    if (JSON.stringify(verdict) !== before) this.#deps.onChange();
    return proved === 'success';
  }
}
