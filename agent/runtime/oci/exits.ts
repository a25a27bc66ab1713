import { type FSWatcher, watch } from 'node:fs';
import { access, mkdir, rm, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { type Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Scope } from '../../../shared/scope.ts';
import { readIfExists } from '../../host/files.ts';
import { isAlive, signalProcess } from '../../host/processes.ts';
import type { ContainerId } from '../driver.ts';
import type { ContainerEntry, ContainerTable } from './container-table.ts';
import { readFifo } from './fifo.ts';
import { KeyedLock } from './gate.ts';
import type { OciHost } from './host.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { cgroupOf } from './records.ts';

interface ExitsDeps {
  host: OciHost;
  layout: Layout;
  cgroupParent: string;
  table: ContainerTable;
  clock: Clock;
  log: Logger;
  scope: Scope;
}

const rescanMs = 30_000;
const exitFileWaitMs = 1000;
const silentMonitorMs = 5000;
const killWaitMs = 10_000;
const pollMs = 20;

/**
 * Notices that containers end. The exit file of the monitor is the only truth for the code; it is removed once the
 * record holds it. Heard of by a watch on the directory and by the end of the monitor, and looked for at times.
 */
export class Exits {
  readonly #deps: ExitsDeps;
  readonly #locks = new KeyedLock();
  #watcher: FSWatcher | undefined;

  constructor(deps: ExitsDeps) {
    this.#deps = deps;
  }

  async open(): Promise<void> {
    const { layout, scope, clock } = this.#deps;
    await mkdir(layout.exits, { recursive: true, mode: 0o700 });
    this.#watch(layout.exits);
    scope.spawn(
      async (signal) => {
        for (;;) {
          await clock.sleep(rescanMs, signal);
          for (const entry of this.#deps.table.all()) this.#run('rescan failed', entry, () => this.check(entry));
        }
      },
      (error) => this.#deps.log.error('rescan of exits ended', { error }),
    );
  }

  close(): void {
    this.#watcher?.close();
    for (const entry of this.#deps.table.all()) unfollow(entry);
  }

  /** Without a watch (a machine may have no more of them) the liveness fifos and the rescans have to do. */
  #watch(directory: string): void {
    try {
      this.#watcher = watch(directory, (_event, name) => {
        const entry = this.#deps.table.find(name as ContainerId);
        if (entry !== undefined) this.#run('exit not recorded', entry, () => this.collect(entry));
      });
      this.#watcher.on('error', (error) => this.#deps.log.warn('the watch on exits ended', { error }));
    } catch (error) {
      this.#deps.log.warn('exits cannot be watched', { error });
    }
  }

  /** Follows a running container until its exit is recorded. `alive` is opened when the caller has none yet. */
  async follow(entry: ContainerEntry, alive?: Socket): Promise<void> {
    if (await this.collect(entry)) {
      alive?.destroy();
      return;
    }
    const { alive: path } = bundleFiles(this.#deps.layout, entry.record.id);
    const socket = alive ?? (await readFifo(path).catch(() => undefined));
    entry.alive = socket;
    const onEnd = (): void => this.#run('monitor not checked', entry, () => this.#monitorEnded(entry));
    socket?.once('end', onEnd);
    socket?.once('error', onEnd);
    socket?.resume();
    await this.check(entry); // what ended before the fifo was open is not told by it
  }

  /** Records the exit, or the loss of the monitor, of a container thought running. */
  async check(entry: ContainerEntry): Promise<void> {
    if (entry.record.phase !== 'running' || (await this.collect(entry))) return;
    const { monitor, process: init } = entry.record;
    if (monitor !== undefined && (await isAlive(monitor))) {
      if (init !== undefined && (await isAlive(init))) return;
      if (await this.#within(silentMonitorMs, () => this.collect(entry))) return;
      await signalProcess(monitor, 'SIGKILL'); // its container ended and it does not say so: it hangs
    }
    await this.#monitorEnded(entry);
  }

  /** Records the exit if there is an exit file; true once the record says exited. */
  collect(entry: ContainerEntry): Promise<boolean> {
    return this.#locks.run(entry.record.id, async () => {
      if (entry.record.phase !== 'running') return entry.record.phase === 'exited';
      const { exit } = bundleFiles(this.#deps.layout, entry.record.id);
      const text = await readIfExists(exit);
      if (text === undefined || !/^\d+$/.test(text)) return false;
      const { mtimeMs } = await stat(exit);
      await this.#finish(entry, Number(text), Math.round(mtimeMs));
      await rm(exit, { force: true });
      return true;
    });
  }

  async #monitorEnded(entry: ContainerEntry): Promise<void> {
    if (await this.#within(exitFileWaitMs, () => this.collect(entry))) return;
    const { process: init, id } = entry.record;
    this.#deps.log.warn('monitor lost, killing its container', { container: id, pod: entry.record.pod.name });
    if (init !== undefined) await signalProcess(init, 'SIGKILL');
    const isGone = await this.#within(killWaitMs, async () => {
      await this.#deps.host.cgroups.kill(this.#cgroup(entry));
      return init === undefined || !(await isAlive(init));
    });
    if (!isGone) throw new Error(`container ${id} lost its monitor and cannot be killed`);
    await this.#locks.run(id, async () => {
      if (entry.record.phase !== 'running') return;
      unfollow(entry);
      await this.#deps.table.update(entry, {
        phase: 'exited',
        finishedAt: this.#deps.clock.now(),
        exitCode: 137,
        reason: 'MonitorLost',
        message: 'the monitor of the container ended; the container was killed, its own exit code is not known',
      });
    });
  }

  async #finish(entry: ContainerEntry, exitCode: number, finishedAt: number): Promise<void> {
    const { cgroups } = this.#deps.host;
    const cgroup = this.#cgroup(entry);
    const { oom } = bundleFiles(this.#deps.layout, entry.record.id);
    const ranOut = (await exists(oom)) || (await cgroups.outOfMemoryKills(cgroup)) > 0;
    await cgroups.kill(cgroup); // with the host's pid namespace, children outlive the first process
    const isOom = ranOut && exitCode === 137;
    unfollow(entry);
    await this.#deps.table.update(entry, {
      phase: 'exited',
      finishedAt: Math.max(finishedAt, entry.record.startedAt),
      exitCode,
      reason: isOom ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
      message: ranOut && !isOom ? 'a process in the container was killed for lack of memory' : '',
    });
  }

  #cgroup({ record: { pod, id } }: ContainerEntry): string {
    return cgroupOf(this.#deps.cgroupParent, pod, id);
  }

  async #within(ms: number, attempt: () => Promise<boolean>): Promise<boolean> {
    const { clock } = this.#deps;
    const deadline = clock.monotonic() + ms;
    for (;;) {
      if (await attempt()) return true;
      if (clock.monotonic() >= deadline) return false;
      await clock.sleep(pollMs);
    }
  }

  #run(failure: string, entry: ContainerEntry, work: () => Promise<unknown>): void {
    this.#deps.scope.spawn(
      async () => {
        await work();
      },
      (error) => this.#deps.log.error(failure, { container: entry.record.id, error }),
    );
  }
}

function unfollow(entry: ContainerEntry): void {
  entry.alive?.removeAllListeners();
  entry.alive?.destroy();
  entry.alive = undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
