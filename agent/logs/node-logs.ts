import { statSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeHalfWritten } from '../../shared/atomic-file.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';
import type { ControllerLink } from '../controller-link.ts';
import type { AgentPaths } from '../paths.ts';
import type { PodIdentity, RuntimeDriver } from '../runtime/driver.ts';
import { ContainerLog } from './container-log.ts';
import { LiveLogs } from './live-logs.ts';
import { listLogFiles, sizeOf } from './log-files.ts';
import { LogRotator, type RotationLimits, defaultRotation } from './log-rotator.ts';
import { LogShipper } from './log-shipper.ts';
import { tailText } from './log-text.ts';

export interface NodeLogsDeps {
  driver: Pick<RuntimeDriver, 'listContainers' | 'reopenLog'>;
  link: Pick<ControllerLink, 'sendLogs' | 'isConnected'>;
  paths: Pick<AgentPaths, 'logs' | 'state'>;
  clock: Clock;
  log: Logger;
  /** Pods of which logs are kept; undefined while that is not known. */
  keptPods: () => readonly PodIdentity[] | undefined;
  rotation?: RotationLimits;
}

const drainMs = 10_000;
const sweepMs = 5000;
const settledMs = 1000;
const maxGoneMs = 3_600_000;
const maxGoneBytes = 512 << 20;

/** The log files of all containers of this node: rotated, shipped, and removed when their pod is gone and all is shipped. */
export class NodeLogs {
  readonly #deps: NodeLogsDeps;
  readonly #live: LiveLogs;
  readonly #rotator: LogRotator;
  readonly #shipper: LogShipper;
  /** By directory of the container. */
  readonly #logs = new Map<string, ContainerLog>();
  /** Of the logs that are written to, as last seen. */
  readonly #sizes = new Map<string, number>();
  /** Directories of containers whose files have changed since they were trimmed. */
  readonly #untrimmed = new Set<string>();
  /** When a pod's directory was last changed; what it holds is known. */
  readonly #listed = new Map<string, number>();
  /** Directories of pods that are gone, and since when, on the monotonic clock. */
  readonly #gone = new Map<string, number>();

  constructor(deps: NodeLogsDeps) {
    this.#deps = deps;
    this.#live = new LiveLogs(deps.driver);
    this.#rotator = new LogRotator({
      driver: deps.driver,
      limits: deps.rotation ?? defaultRotation,
      isShipped: (directory, file) => this.#logs.get(directory)?.hasShipped(file) ?? false,
      beforeRemove: async (directory, file) => (await this.#open(directory))?.passOver(file),
    });
    this.#shipper = new LogShipper({ ...deps, isOver: (log, attempt) => this.#isOver(log.owner.directory, attempt) });
  }

  /** Begins to rotate, ship and sweep until the scope closes. */
  async run(scope: Scope): Promise<void> {
    await mkdir(this.#stateDirectory(), { recursive: true, mode: 0o700 });
    await removeHalfWritten(this.#stateDirectory());
    await mkdir(this.#deps.paths.logs, { recursive: true, mode: 0o700 });
    await this.#discover();
    const report = (what: string) => (error: unknown) => this.#deps.log.error(what, { error });
    scope.spawn((signal) => this.#shipper.run(() => [...this.#logs.values()], signal), report('log shipping failed'));
    scope.spawn((signal) => this.#rotateAll(signal), report('log rotation failed'));
    scope.spawn((signal) => this.#sweepAll(signal), report('log clean-up failed'));
  }

  /** The last lines of a log file as text, at most `bytes` of it. */
  tail(path: string, lines: number, bytes: number): Promise<string> {
    return tailText(path, lines, bytes);
  }

  /** Waits until everything the pod wrote is with the controller: at most ten seconds, not at all while it is away. */
  async drain(pod: PodIdentity, signal: AbortSignal): Promise<void> {
    const { clock, link } = this.#deps;
    const deadline = clock.monotonic() + drainMs;
    await this.#live.refresh();
    await this.#discoverPod(this.#directoryOf(pod));
    while (link.isConnected && clock.monotonic() < deadline && !signal.aborted) {
      const waiting: ContainerLog[] = [];
      for (const log of this.#of(this.#directoryOf(pod))) if (!(await this.#isShipped(log))) waiting.push(log);
      if (waiting.length === 0) return;
      for (const log of waiting) log.wake();
      await clock.sleep(100, signal);
    }
  }

  /** The pod is gone: its files go once they are shipped, or after an hour, or when those of gone pods are too many. */
  release(pod: PodIdentity): void {
    const directory = this.#directoryOf(pod);
    if (!this.#gone.has(directory)) this.#gone.set(directory, this.#deps.clock.monotonic());
  }

  async #rotateAll(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      let isBusy = false;
      try {
        await this.#live.refresh();
        await this.#wakeGrown();
        for (const [path, id] of this.#live.writers) isBusy = (await this.#rotator.rotate(path, id)) || isBusy;
        this.#rotator.retain(new Set(this.#live.writers.values()));
      } catch (error) {
        log.warn('cannot rotate a log', { error });
      }
      await clock.sleep(isBusy ? 100 : 1000, signal); // a log that had to be rotated may be a flood
    }
  }

  /** Has the shipper look at logs that grew, that are new, and whose writer has ended. */
  async #wakeGrown(): Promise<void> {
    const before = new Map(this.#sizes);
    this.#sizes.clear();
    for (const path of this.#live.writers.keys()) {
      const size = sizeOf(path);
      this.#sizes.set(path, size);
      if (before.get(path) !== size) this.#wake(await this.#open(dirname(path)));
      before.delete(path);
    }
    for (const path of before.keys()) this.#wake(this.#logs.get(dirname(path)));
  }

  #wake(log: ContainerLog | undefined): void {
    if (log === undefined) return;
    log.wake();
    this.#untrimmed.add(log.owner.directory);
  }

  async #sweepAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(sweepMs, signal).catch(() => undefined);
      try {
        if (!signal.aborted) await this.#sweep();
      } catch (error) {
        this.#deps.log.warn('cannot sweep logs', { error });
      }
    }
    for (const log of this.#logs.values()) await log.close();
  }

  async #sweep(): Promise<void> {
    await this.#discover();
    for (const [directory, log] of this.#logs) {
      // What is shipped may go.
      if (!this.#untrimmed.has(directory) && !log.isDirty) continue;
      await this.#rotator.trim(directory);
      await log.save();
      this.#untrimmed.delete(directory);
    }
    const kept = this.#deps.keptPods();
    if (kept === undefined) return;
    const keptDirectories = new Set(kept.map((pod) => this.#directoryOf(pod)));
    for (const pod of kept) this.#gone.delete(this.#directoryOf(pod));
    for (const name of await readdir(this.#deps.paths.logs)) {
      const directory = join(this.#deps.paths.logs, name);
      if (!keptDirectories.has(directory) && !this.#gone.has(directory)) {
        this.#gone.set(directory, this.#deps.clock.monotonic());
      }
    }
    await this.#removeGone();
  }

  /** Youngest first, so that the oldest are those over the limit. */
  async #removeGone(): Promise<void> {
    const now = this.#deps.clock.monotonic();
    let bytes = 0;
    for (const [directory, since] of [...this.#gone].sort(([, a], [, b]) => b - a)) {
      const logs = this.#of(directory);
      bytes += await sizeOfAll(logs);
      const shipped = await Promise.all(logs.map((log) => this.#isShipped(log)));
      if (!shipped.every(Boolean) && now - since < maxGoneMs && bytes <= maxGoneBytes) continue;
      for (const log of logs) {
        this.#logs.delete(log.owner.directory);
        this.#untrimmed.delete(log.owner.directory);
        await log.remove();
      }
      await rm(directory, { recursive: true, force: true });
      this.#listed.delete(directory);
      this.#gone.delete(directory);
    }
  }

  async #isShipped(log: ContainerLog): Promise<boolean> {
    return (await log.fill((attempt) => this.#isOver(log.owner.directory, attempt))) === undefined;
  }

  #isOver(directory: string, attempt: number): boolean {
    return !this.#live.writers.has(join(directory, `${String(attempt)}.log`));
  }

  async #discover(): Promise<void> {
    await this.#live.refresh();
    for (const name of await readdir(this.#deps.paths.logs)) await this.#discoverPod(join(this.#deps.paths.logs, name));
  }

  async #discoverPod(directory: string): Promise<void> {
    const changedAt = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt === undefined || changedAt === this.#listed.get(directory)) return;
    // Times of files are coarse: one that is this old can be told from that of the next change.
    const isSettled = this.#deps.clock.now() - changedAt > settledMs;
    for (const container of await readdir(directory).catch(() => [])) await this.#open(join(directory, container));
    if (isSettled) this.#listed.set(directory, changedAt);
  }

  /** Undefined for a directory that is not a container's. */
  async #open(directory: string): Promise<ContainerLog | undefined> {
    const known = this.#logs.get(directory);
    if (known !== undefined) return known;
    const [namespace, pod, uid] = basename(dirname(directory)).split('_');
    if (namespace === undefined || pod === undefined || uid === undefined) return undefined;
    if (!(await stat(directory).catch(() => undefined))?.isDirectory()) return undefined;
    const container = basename(directory);
    const stateFile = join(this.#stateDirectory(), `${uid}.${container}.json`);
    const log = await ContainerLog.open({ namespace, pod, uid, container, directory, stateFile });
    const first = this.#logs.get(directory) ?? log; // opened by another call meanwhile
    this.#logs.set(directory, first);
    this.#untrimmed.add(directory);
    return first;
  }

  #of(podDirectory: string): ContainerLog[] {
    return [...this.#logs.values()].filter(({ owner }) => dirname(owner.directory) === podDirectory);
  }

  #directoryOf({ namespace, name, uid }: PodIdentity): string {
    return join(this.#deps.paths.logs, `${namespace}_${name}_${uid}`);
  }

  #stateDirectory(): string {
    return join(this.#deps.paths.state, 'logs');
  }
}

async function sizeOfAll(logs: readonly ContainerLog[]): Promise<number> {
  const files = (await Promise.all(logs.map(({ owner }) => listLogFiles(owner.directory)))).flat();
  return files.reduce((sum, { path }) => sum + sizeOf(path), 0);
}
