import type { Socket } from 'node:net';
import { ApiError } from '../../../shared/errors.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ImageService } from '../../images/image-service.ts';
import type {
  AttachOptions,
  ContainerConfig,
  ContainerEvent,
  ContainerId,
  ContainerSize,
  ContainerStatus,
  ContainerUsage,
  ExecOptions,
  ExecProcess,
  ExecResult,
  ProcessStreams,
  RuntimeDriver,
  SandboxConfig,
  SandboxId,
  SandboxStatus,
  SandboxUsage,
} from '../driver.ts';
import { attach } from './attachments.ts';
import { type ContainerEntry, statusOf } from './container-table.ts';
import { KeyedLock } from './gate.ts';
import { missingControllers } from './host.ts';
import { bundleFiles, sandboxFiles } from './layout.ts';
import { reopenLog } from './log-control.ts';
import { makeParts, type OciDriverDeps, type Parts } from './parts.ts';
import { cgroupOf, type ContainerRecord } from './records.ts';
import { recover } from './recovery.ts';

const repairMs = 60_000;

/** The runtime that needs no daemon: an OCI runtime to make containers, conmon to watch them, pinned namespaces for a pod. */
export class OciDriver implements RuntimeDriver {
  readonly name = 'oci';
  readonly images: ImageService;
  readonly #deps: OciDriverDeps;
  readonly #scope = new Scope('oci driver');
  readonly #locks = new KeyedLock();
  #opened: Parts | undefined;

  constructor(deps: OciDriverDeps) {
    this.#deps = deps;
    this.images = deps.images;
  }

  async open(): Promise<void> {
    const parts = await makeParts(this.#deps, this.#scope);
    this.#opened = parts;
    await recover(parts, this.#deps);
    this.#scope.spawn(
      (signal) => this.#keepNetwork(signal),
      (error) => this.#deps.log.error('the pod network is not looked after any more', { error }),
    );
  }

  async close(): Promise<void> {
    await this.#scope.close();
    this.#opened?.exits.close();
  }

  version(): Promise<string> {
    const { name, version } = this.#parts.host.runtime;
    return Promise.resolve(`oci://${name}-${version}`);
  }

  /** Controllers, as memory, whose limits this machine cannot enforce; pods run without them. */
  missingControllers(): string[] {
    return missingControllers(this.#parts.host);
  }

  runSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<SandboxStatus> {
    return this.#parts.sandboxes.run(config, signal);
  }

  async stopSandbox(id: SandboxId): Promise<void> {
    const { table, sandboxes } = this.#parts;
    await all(table.of(id).map((entry) => this.#stop(entry, 0)));
    await sandboxes.stop(id);
  }

  async removeSandbox(id: SandboxId): Promise<void> {
    const { table, sandboxes, host } = this.#parts;
    const record = sandboxes.find(id);
    await all(table.of(id).map(({ record: { id: container } }) => this.removeContainer(container)));
    await sandboxes.remove(id);
    if (record !== undefined && sandboxes.countOf(record.config.pod.uid) === 0) {
      await host.cgroups.remove(`${this.#deps.paths.cgroup}/${record.config.pod.uid}`);
    }
  }

  listSandboxes(podUid?: string): Promise<SandboxStatus[]> {
    return this.#parts.sandboxes.list(podUid);
  }

  createContainer(config: ContainerConfig, signal?: AbortSignal): Promise<ContainerId> {
    return this.#parts.maker.create(config, signal);
  }

  startContainer(id: ContainerId): Promise<void> {
    const { table, starter } = this.#parts;
    return this.#locks.run(id, () => starter.start(table.get(id)));
  }

  resizeContainer(id: ContainerId, size: ContainerSize): Promise<void> {
    const { table, resizes } = this.#parts;
    return this.#locks.run(id, () => resizes.resize(table.get(id), size));
  }

  async stopContainer(id: ContainerId, graceMs: number): Promise<void> {
    const entry = this.#parts.table.find(id);
    if (entry !== undefined) await this.#stop(entry, graceMs);
  }

  async removeContainer(id: ContainerId): Promise<void> {
    const { table, starter, maker } = this.#parts;
    const entry = table.find(id);
    if (entry === undefined) return;
    await this.#stop(entry, 0);
    await this.#locks.run(id, async () => {
      if (table.find(id) === undefined) return;
      await starter.clear(entry);
      await maker.undo(entry);
    });
  }

  listContainers(podUid?: string): Promise<ContainerStatus[]> {
    const isWanted = ({ phase, pod }: ContainerRecord): boolean =>
      phase !== 'making' && (podUid === undefined || pod.uid === podUid);
    const entries = this.#parts.table.all().filter(({ record }) => isWanted(record));
    return Promise.resolve(entries.map(({ record }) => statusOf(record)));
  }

  events(signal: AbortSignal): AsyncIterable<ContainerEvent> {
    return this.#parts.table.events(signal);
  }

  exec(id: ContainerId, options: ExecOptions): Promise<ExecProcess> {
    return this.#parts.execs.exec(this.#parts.table.get(id), options);
  }

  async attach(id: ContainerId, options: AttachOptions): Promise<ProcessStreams> {
    const { table, layout } = this.#parts;
    return attach({ layout, clock: this.#deps.clock }, table.get(id), options);
  }

  connect(id: SandboxId, port: number, signal: AbortSignal): Promise<Socket> {
    return this.#parts.sandboxes.connect(id, port, signal);
  }

  execSync(id: ContainerId, command: string[], timeoutMs: number): Promise<ExecResult> {
    return this.#parts.execs.execSync(this.#parts.table.get(id), command, timeoutMs);
  }

  async reopenLog(id: ContainerId): Promise<void> {
    const { table, layout } = this.#parts;
    const { record } = table.get(id);
    if (record.phase !== 'running') throw new ApiError('Conflict', `container ${record.name} is not running`);
    await reopenLog(bundleFiles(layout, id).control, record.logPath, this.#deps.clock);
  }

  async writablePaths(podUid: string): Promise<{ layers: ReadonlyMap<ContainerId, string>; shared: string[] }> {
    const { table, sandboxes, layout } = this.#parts;
    const own = table.all().filter(({ record }) => record.pod.uid === podUid);
    const shared = (await sandboxes.list(podUid)).flatMap(({ id }) => {
      const { hosts, hostname, resolvConf } = sandboxFiles(layout, id);
      return [hosts, hostname, resolvConf];
    });
    const layers = own.map(({ record: { id } }) => [id, this.#deps.snapshotter.writablePath(id)] as const);
    return { layers: new Map(layers), shared };
  }

  async usage(): Promise<{ containers: ContainerUsage[]; sandboxes: SandboxUsage[] }> {
    const { table, sandboxes, host } = this.#parts;
    const running = table.all().filter(({ record }) => record.phase === 'running');
    const containers = await Promise.all(
      running.map(async ({ record: { id, pod } }) => {
        const usage = await host.cgroups.usage(cgroupOf(this.#deps.paths.cgroup, pod, id));
        return usage === undefined ? [] : [{ id, ...usage }];
      }),
    );
    const networks = await Promise.all(
      (await sandboxes.list()).map(async ({ id }) => {
        const usage = await this.#deps.network.usage(id);
        return usage === undefined ? [] : [{ id, ...usage }];
      }),
    );
    return { containers: containers.flat(), sandboxes: networks.flat() };
  }

  /** A create or start in progress is waited for: only then is it known what there is to stop. */
  async #stop(entry: ContainerEntry, graceMs: number): Promise<void> {
    await entry.making?.catch(() => undefined);
    const { phase, id } = entry.record;
    if (phase === 'starting') await this.#locks.run(id, () => Promise.resolve());
    await this.#parts.stops.stop(entry, graceMs);
  }

  /** Other programs (Docker when it starts) remove or reorder rules. */
  async #keepNetwork(signal: AbortSignal): Promise<void> {
    const { clock, network, log } = this.#deps;
    for (;;) {
      await clock.sleep(repairMs, signal);
      await network.repair().catch((error: unknown) => log.warn('pod network not repaired', { error }));
    }
  }

  get #parts(): Parts {
    if (this.#opened === undefined) throw new ApiError('ServiceUnavailable', 'the oci runtime is not open');
    return this.#opened;
  }
}

/** Waits for every one, then throws the first failure. */
async function all(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
