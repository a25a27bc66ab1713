import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type {
  ContainerConfig,
  ContainerEvent,
  ContainerId,
  ContainerSize,
  ContainerStatus,
  ContainerUsage,
  ExecProcess,
  ExecResult,
  ProcessStreams,
  RuntimeDriver,
  SandboxConfig,
  SandboxId,
  SandboxStatus,
  SandboxUsage,
} from '../../agent/runtime/driver.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import { FakeImages } from './fake-images.ts';

/** How the program of a container behaves. */
export interface FakeProgram {
  /** Absent: until it is stopped. */
  runsMs?: number;
  exitCode?: number;
  ignoresTerm?: boolean;
  startError?: string;
  usesBytes?: number;
  exec?: (command: string[]) => Partial<ExecResult>;
}

interface FakeContainer {
  config: ContainerConfig;
  status: ContainerStatus;
  program: FakeProgram;
  killAt: number;
  ended: (() => void)[];
}

/** A runtime in memory on a test's clock. Programs are chosen by container name, then by image. What it holds survives the worker under test, as real containers do. */
export class FakeRuntime implements RuntimeDriver {
  readonly name = 'oci';
  readonly images = new FakeImages();
  readonly programs: Record<string, FakeProgram> = {};
  readonly sandboxConfigs = new Map<SandboxId, SandboxConfig>();
  /** Where containers write to, when a test lets them; the same files for all pods. */
  readonly layers = new Map<ContainerId, string>();
  readonly sharedFiles: string[] = [];
  /** Thrown by the next calls of runSandbox, one each. */
  readonly sandboxFailures: Error[] = [];
  readonly containerFailures: Error[] = [];
  /** Most containers of one name and pod that ever ran at once. */
  mostAtOnce = 0;
  readonly #clock: Clock;
  readonly #sandboxes = new Map<SandboxId, SandboxStatus>();
  readonly #containers = new Map<ContainerId, FakeContainer>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  version(): Promise<string> {
    return Promise.resolve('oci://fake-1');
  }

  async runSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<SandboxStatus> {
    await setImmediate();
    signal?.throwIfAborted();
    const failure = this.sandboxFailures.shift();
    if (failure !== undefined) throw failure;
    const id = `${config.pod.uid}-s${String(config.attempt)}` as SandboxId;
    if (this.#sandboxes.has(id)) throw new ApiError('AlreadyExists', `sandbox ${id} exists`);
    const ip = config.hostNetwork ? '' : `10.90.0.${String(this.#sandboxes.size + 2)}`;
    const { pod, attempt } = config;
    const sandbox = { id, pod, attempt, isReady: true, ip, createdAt: this.#clock.now() };
    this.#sandboxes.set(id, sandbox);
    this.sandboxConfigs.set(id, config);
    return sandbox;
  }

  stopSandbox(id: SandboxId): Promise<void> {
    for (const container of this.#of(id)) this.#end(container, 137);
    const sandbox = this.#sandboxes.get(id);
    if (sandbox !== undefined) this.#sandboxes.set(id, { ...sandbox, isReady: false });
    return Promise.resolve();
  }

  async removeSandbox(id: SandboxId): Promise<void> {
    await this.stopSandbox(id);
    for (const { status } of this.#of(id)) this.#containers.delete(status.id);
    this.#sandboxes.delete(id);
  }

  listSandboxes(podUid?: string): Promise<SandboxStatus[]> {
    const found = [...this.#sandboxes.values()].map((sandbox) => ({ ...sandbox }));
    return Promise.resolve(found.filter(({ pod }) => podUid === undefined || pod.uid === podUid));
  }

  async createContainer(config: ContainerConfig, signal?: AbortSignal): Promise<ContainerId> {
    await setImmediate();
    signal?.throwIfAborted();
    const failure = this.containerFailures.shift();
    if (failure !== undefined) throw failure;
    const id = `${config.pod.uid}-${config.name}-${String(config.attempt)}` as ContainerId;
    if (this.#containers.has(id)) throw new ApiError('AlreadyExists', `container ${id} exists`);
    if (!this.#sandboxes.has(config.sandbox)) throw new ApiError('NotFound', `sandbox ${config.sandbox} not found`);
    const { sandbox, pod, name, attempt, image, specHash, logPath } = config;
    const { cpuRequestMillis, cpuLimitMillis, memoryLimitBytes } = config.resources;
    const status: ContainerStatus = {
      id,
      size: {
        cpuRequestMillis,
        ...(cpuLimitMillis !== undefined && { cpuLimitMillis }),
        ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
      },
      sandbox,
      pod,
      name,
      attempt,
      image,
      specHash,
      logPath,
      imageId: `${image.split(':')[0] ?? ''}@${config.imageId}`,
      state: 'created',
      createdAt: this.#clock.now(),
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
    };
    const program = this.programs[name] ?? this.programs[image] ?? {};
    this.#containers.set(id, { config, status, program, killAt: Infinity, ended: [] });
    return id;
  }

  async startContainer(id: ContainerId): Promise<void> {
    await setImmediate();
    const container = this.#require(id);
    const { program, status } = container;
    if (program.startError !== undefined) throw new ApiError('BadRequest', program.startError);
    status.state = 'running';
    status.startedAt = this.#clock.now();
    const twins = [...this.#containers.values()].filter(
      ({ status: { pod, name, state } }) => pod.uid === status.pod.uid && name === status.name && state === 'running',
    );
    this.mostAtOnce = Math.max(this.mostAtOnce, twins.length);
    if (program.runsMs !== undefined) {
      void this.#clock.sleep(program.runsMs).then(() => this.#end(container, program.exitCode ?? 0));
    }
  }

  async resizeContainer(id: ContainerId, size: ContainerSize): Promise<void> {
    await setImmediate();
    const { status, program } = this.#require(id);
    if (status.state !== 'running') throw new ApiError('Conflict', `container ${status.name} is not running`);
    if (size.memoryLimitBytes !== undefined && size.memoryLimitBytes < (program.usesBytes ?? 0)) {
      throw new ApiError('Conflict', 'uses more memory');
    }
    status.size = { ...status.size, ...size };
  }

  async stopContainer(id: ContainerId, graceMs: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined || container.status.state === 'exited') return;
    const ended = new Promise<void>((resolve) => container.ended.push(resolve));
    container.killAt = Math.min(container.killAt, this.#clock.monotonic() + graceMs);
    if (container.program.ignoresTerm !== true && container.status.state === 'running') this.#end(container, 143);
    else if (graceMs === 0) this.#end(container, 137);
    else void this.#clock.sleep(graceMs).then(() => this.#end(container, 137));
    await ended;
  }

  removeContainer(id: ContainerId): Promise<void> {
    const container = this.#containers.get(id);
    if (container !== undefined) this.#end(container, 137);
    this.#containers.delete(id);
    return Promise.resolve();
  }

  listContainers(podUid?: string): Promise<ContainerStatus[]> {
    const found = [...this.#containers.values()].map(({ status }) => ({ ...status }));
    return Promise.resolve(found.filter(({ pod }) => podUid === undefined || pod.uid === podUid));
  }

  async *events(signal: AbortSignal): AsyncIterable<ContainerEvent> {
    const waiting: ContainerEvent[] = [];
    let wake = (): void => undefined;
    const listener = (event: ContainerEvent): void => {
      waiting.push(event);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }

  exec(): Promise<ExecProcess> {
    return Promise.reject(new ApiError('BadRequest', 'the fake runtime runs no interactive commands'));
  }

  attach(id: ContainerId): Promise<ProcessStreams> {
    this.#require(id);
    return Promise.reject(new ApiError('BadRequest', 'the programs of the fake runtime have no streams'));
  }

  connect(id: SandboxId): Promise<Socket> {
    return Promise.reject(new ApiError('ServiceUnavailable', `nobody listens in the fake sandbox ${id}`));
  }

  execSync(id: ContainerId, command: string[], timeoutMs: number): Promise<ExecResult> {
    const result = { exitCode: 0, output: '', timedOut: false, ...this.#require(id).program.exec?.(command) };
    return this.#clock.sleep(result.timedOut ? timeoutMs : 0).then(() => result);
  }

  reopenLog(): Promise<void> {
    return Promise.resolve();
  }

  writablePaths(): Promise<{ layers: ReadonlyMap<ContainerId, string>; shared: string[] }> {
    return Promise.resolve({ layers: this.layers, shared: this.sharedFiles });
  }

  usage(): Promise<{ containers: ContainerUsage[]; sandboxes: SandboxUsage[] }> {
    const running = [...this.#containers.values()].filter(({ status }) => status.state === 'running');
    return Promise.resolve({
      containers: running.map(({ status: { id } }) => ({ id, cpuSeconds: 1, workingSetBytes: 1 << 20 })),
      sandboxes: [...this.#sandboxes.keys()].map((id) => ({ id, receivedBytes: 10, sentBytes: 20 })),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What the container was made with. */
  configOf(id: ContainerId): ContainerConfig {
    return this.#require(id).config;
  }

  /** Ends a program as if it had exited by itself, or been killed from outside. */
  exit(id: ContainerId, exitCode: number): void {
    this.#end(this.#require(id), exitCode);
  }

  /** Takes the network of a sandbox away. */
  loseSandbox(id: SandboxId): void {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox !== undefined) this.#sandboxes.set(id, { ...sandbox, isReady: false });
  }

  /** Forgets all containers and sandboxes, as a reboot does. */
  reboot(): void {
    this.#containers.clear();
    this.#sandboxes.clear();
  }

  #of(sandbox: SandboxId): FakeContainer[] {
    return [...this.#containers.values()].filter(({ status }) => status.sandbox === sandbox);
  }

  #require(id: ContainerId): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new ApiError('NotFound', `container ${id} not found`);
    return container;
  }

  #end(container: FakeContainer, exitCode: number): void {
    const { status } = container;
    if (status.state === 'exited' || this.#containers.get(status.id) !== container) return;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    Object.assign(status, { state: 'exited', exitCode, reason, finishedAt: this.#clock.now() });
    container.ended.splice(0).forEach((resolve) => resolve());
    for (const listener of this.#listeners) listener({ id: status.id, pod: status.pod });
  }
}
