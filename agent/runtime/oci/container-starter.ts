import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, hasReason, messageOf } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/clock.ts';
import { identify, readPid, signalProcess } from '../../host/processes.ts';
import { run } from '../../host/run.ts';
import type { ContainerEntry, ContainerTable } from './container-table.ts';
import { startByFifo } from './exec-fifo.ts';
import type { Exits } from './exits.ts';
import { type Gate } from './gate.ts';
import { type OciHost, runtimeNamed } from './host.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { createMonitored, type MonitoredProcess } from './monitor.ts';
import { sharePod } from './pod-share.ts';
import { cgroupOf, monitorsCgroup } from './records.ts';
import type { OciRuntime } from './runtime-choice.ts';

interface StarterDeps {
  host: OciHost;
  layout: Layout;
  cgroupParent: string;
  table: ContainerTable;
  exits: Exits;
  clock: Clock;
  createDeadlineMs: number;
  /** Starts at once: more than the machine has cores bring only latency. */
  gate: Gate;
}

const startDeadlineMs = 15_000;
const cgroupWaitMs = 5000;
/** What a monitor may use to write a log, in thousandths of a core: 90 MB/s of large writes, 200,000 lines/s of single ones. */
const monitorCpuMillis = 200;

/** Turns a created container into a running one, and cleans up after one that ended or did not come to run. */
export class ContainerStarter {
  readonly #deps: StarterDeps;

  constructor(deps: StarterDeps) {
    this.#deps = deps;
  }

  /** Throws BadRequest when the command cannot be executed; the container is then exited with StartError. */
  async start(entry: ContainerEntry): Promise<void> {
    const { phase, name } = entry.record;
    if (phase === 'running') return;
    if (phase !== 'created') throw new ApiError('Conflict', `container ${name} is ${phase} and cannot be started`);
    await this.#deps.gate.run(async () => {
      try {
        await this.#deps.table.update(entry, { phase: 'starting' });
        await this.#start(entry);
      } catch (error) {
        await this.#failed(entry, error);
      }
    });
  }

  /** Puts a container whose start was cut off back to created, or goes on with it when its command runs already. */
  async recover(entry: ContainerEntry): Promise<void> {
    const files = bundleFiles(this.#deps.layout, entry.record.id);
    const { startedAt } = entry.record;
    const pid = await readPid(files.pidFile);
    const isStarted = pid > 0 && (await this.#runsCommand(entry, pid));
    if (isStarted) {
      const [process, monitor] = await Promise.all([identify(pid), readPid(files.monitorPidFile).then(identify)]);
      await this.#setRunning(entry, process, monitor);
      if (startedAt > 0) await this.#deps.table.update(entry, { startedAt });
      await this.#deps.exits.follow(entry);
      return;
    }
    await this.clear(entry);
    await this.#deps.table.update(entry, { phase: 'created' });
  }

  /** Ends the monitor and every process of the container and removes what its runtime keeps of it. */
  async clear(entry: ContainerEntry): Promise<void> {
    const { layout } = this.#deps;
    const { id } = entry.record;
    const files = bundleFiles(layout, id);
    const monitor = entry.record.monitor ?? (await identify(await readPid(files.monitorPidFile)));
    if (monitor !== undefined) await signalProcess(monitor, 'SIGKILL');
    await this.#removeCgroups(entry);
    await rm(this.#stateDirectory(entry), { recursive: true, force: true });
    await rm(files.exit, { force: true });
    const leftovers = (await readdir(files.bundle).catch(() => [])).filter((name) => name !== 'config.json');
    for (const name of leftovers) await rm(join(files.bundle, name), { recursive: true, force: true });
  }

  async #start(entry: ContainerEntry): Promise<void> {
    const { host } = this.#deps;
    const runtime = await runtimeNamed(host, entry.record.runtime);
    sharePod(this.#deps, entry.record.pod);
    const { process, monitor, alive } = await this.#createMonitored(entry, runtime);
    // From now on a container that floods its log waits itself; until now the runtime ran there, which is in a hurry.
    host.cgroups.share(this.#monitorCgroup(entry), { cpuLimitMillis: monitorCpuMillis });
    try {
      const isFifoStarted = runtime.name === 'runc' && (await startByFifo(this.#stateDirectory(entry)));
      if (!isFifoStarted) await this.#startByRuntime(entry, runtime);
      await this.#setRunning(entry, process, monitor);
    } catch (error) {
      alive.destroy();
      throw error;
    }
    await this.#deps.exits.follow(entry, alive);
  }

  async #createMonitored(entry: ContainerEntry, runtime: OciRuntime): Promise<MonitoredProcess> {
    const { host, layout, cgroupParent, createDeadlineMs } = this.#deps;
    const { id, name, logPath, tty, stdin, stdinOnce = false } = entry.record;
    const files = bundleFiles(layout, id);
    return createMonitored({
      ...files,
      id,
      name,
      logPath,
      tty,
      stdin,
      stdinOnce,
      runtime,
      exits: layout.exits,
      monitor: host.monitor,
      runtimeRoot: join(layout.runtimeRoots, runtime.name),
      deadlineMs: createDeadlineMs,
      place: (pid) => {
        // Its own cgroup exists where processor time is limited alone: elsewhere it stays in that of all monitors.
        host.cgroups.share(this.#monitorCgroup(entry), { cpuRequestMillis: monitorCpuMillis });
        for (const path of [monitorsCgroup(cgroupParent), this.#monitorCgroup(entry)]) host.cgroups.place(path, pid);
      },
    });
  }

  async #startByRuntime(entry: ContainerEntry, runtime: OciRuntime): Promise<void> {
    const root = join(this.#deps.layout.runtimeRoots, runtime.name);
    const args = ['--root', root, 'start', entry.record.id];
    const { code, stderr } = await run(runtime.path, args, { timeoutMs: startDeadlineMs });
    if (code !== 0) throw new ApiError('BadRequest', stderr.trim());
  }

  async #setRunning(
    entry: ContainerEntry,
    process: MonitoredProcess['process'],
    monitor: MonitoredProcess['monitor'],
  ): Promise<void> {
    await this.#deps.table.update(entry, {
      phase: 'running',
      startedAt: this.#deps.clock.now(),
      ...(process === undefined ? {} : { process }),
      ...(monitor === undefined ? {} : { monitor }),
    });
  }

  async #failed(entry: ContainerEntry, error: unknown): Promise<never> {
    const message = messageOf(error);
    await this.clear(entry);
    await this.#deps.table.update(entry, {
      phase: 'exited',
      finishedAt: this.#deps.clock.now(),
      exitCode: 128,
      reason: 'StartError',
      message,
    });
    if (hasReason(error, 'BadRequest') && !isCommandFault(message)) {
      throw new ApiError('InternalError', message, {}, { cause: error });
    }
    throw error;
  }

  /** The runtime's own word, save that the file is gone a moment after the command began. */
  async #runsCommand(entry: ContainerEntry, pid: number): Promise<boolean> {
    const runtime = await runtimeNamed(this.#deps.host, entry.record.runtime);
    const comm = await readFile(`/proc/${String(pid)}/comm`, 'utf8').catch(() => '');
    if (runtime.name === 'runc') return comm !== '' && !comm.startsWith('runc:[');
    const root = join(this.#deps.layout.runtimeRoots, runtime.name);
    const { stdout } = await run(runtime.path, ['--root', root, 'state', entry.record.id], {
      timeoutMs: startDeadlineMs,
    });
    return /"status"\s*:\s*"running"/.test(stdout);
  }

  async #removeCgroups(entry: ContainerEntry): Promise<void> {
    const { host, clock, cgroupParent } = this.#deps;
    const cgroup = cgroupOf(cgroupParent, entry.record.pod, entry.record.id);
    const deadline = clock.monotonic() + cgroupWaitMs;
    for (;;) {
      await host.cgroups.kill(cgroup);
      const removed = await Promise.all([cgroup, this.#monitorCgroup(entry)].map((path) => host.cgroups.remove(path)));
      if (removed.every(Boolean)) return;
      if (clock.monotonic() > deadline) {
        throw new ApiError('ServiceUnavailable', `container ${entry.record.name} has processes that do not end`);
      }
      await clock.sleep(10);
    }
  }

  #monitorCgroup({ record }: ContainerEntry): string {
    return `${monitorsCgroup(this.#deps.cgroupParent)}/${record.id}`;
  }

  #stateDirectory({ record }: ContainerEntry): string {
    return join(this.#deps.layout.runtimeRoots, record.runtime, record.id);
  }
}

/** The command is at fault, not the machine. */
function isCommandFault(message: string): boolean {
  return /\bexec: |exec format error|exec user process|executable file|open executable|chdir to cwd/i.test(message);
}
