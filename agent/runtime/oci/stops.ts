import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/clock.ts';
import { isAlive, signalProcess } from '../../host/processes.ts';
import type { ContainerEntry, ContainerTable } from './container-table.ts';
import type { Exits } from './exits.ts';
import type { OciHost } from './host.ts';
import { cgroupOf } from './records.ts';

interface StopsDeps {
  host: OciHost;
  cgroupParent: string;
  table: ContainerTable;
  exits: Exits;
  clock: Clock;
}

/** One stop in progress: later calls join it and may bring its deadline forward. */
interface Stop {
  deadline: number;
  /** Ends the current wait, so that a new deadline is looked at. */
  wake: AbortController;
  done: Promise<void>;
}

const killWaitMs = 10_000;
const killAgainMs = 250;

/** Ends containers: the stop signal, time to end, then SIGKILL. */
export class Stops {
  readonly #deps: StopsDeps;
  readonly #stops = new Map<ContainerEntry, Stop>();

  constructor(deps: StopsDeps) {
    this.#deps = deps;
  }

  /** Resolves when it has exited; throws Timeout when even SIGKILL does not end it, call again then. */
  async stop(entry: ContainerEntry, graceMs: number): Promise<void> {
    const { record } = entry;
    if (record.phase === 'exited') return;
    if (record.phase !== 'running') {
      await this.#neverStarted(entry);
      return;
    }
    const deadline = this.#deps.clock.monotonic() + graceMs;
    const running = this.#stops.get(entry);
    if (running !== undefined) {
      running.deadline = Math.min(running.deadline, deadline);
      running.wake.abort();
      await running.done;
      return;
    }
    const stop: Stop = { deadline, wake: new AbortController(), done: Promise.resolve() };
    stop.done = this.#carryOut(entry, stop, graceMs > 0).finally(() => this.#stops.delete(entry));
    this.#stops.set(entry, stop);
    await stop.done;
  }

  async #carryOut(entry: ContainerEntry, stop: Stop, isGraceful: boolean): Promise<void> {
    const { clock } = this.#deps;
    if (isGraceful && entry.record.process !== undefined) {
      await signalProcess(entry.record.process, entry.record.stopSignal);
    }
    while (entry.record.phase === 'running' && clock.monotonic() < stop.deadline) {
      await this.#wait(entry, stop, stop.deadline - clock.monotonic());
    }
    const giveUp = clock.monotonic() + killWaitMs;
    while (entry.record.phase === 'running') {
      if (clock.monotonic() >= giveUp) {
        throw new ApiError('Timeout', `container ${entry.record.name} does not end on SIGKILL`);
      }
      await this.#kill(entry);
      await this.#wait(entry, stop, killAgainMs);
      if (entry.record.phase === 'running') await this.#deps.exits.check(entry);
    }
  }

  async #kill(entry: ContainerEntry): Promise<void> {
    const { process: init, pod, id } = entry.record;
    if (init !== undefined && (await isAlive(init))) await signalProcess(init, 'SIGKILL');
    await this.#deps.host.cgroups.kill(cgroupOf(this.#deps.cgroupParent, pod, id));
  }

  /** Until it has exited, the time is over, or another call changed the deadline. */
  async #wait(entry: ContainerEntry, stop: Stop, ms: number): Promise<void> {
    const { wake } = stop;
    void entry.exited.promise.then(() => wake.abort());
    await this.#deps.clock.sleep(ms, wake.signal).catch(() => undefined);
    if (wake.signal.aborted) stop.wake = new AbortController();
  }

  async #neverStarted(entry: ContainerEntry): Promise<void> {
    await this.#deps.table.update(entry, {
      phase: 'exited',
      finishedAt: this.#deps.clock.now(),
      exitCode: 137,
      reason: 'Error',
      message: 'stopped before it was started',
    });
  }
}
