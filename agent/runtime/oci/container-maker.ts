import { mkdir, readFile, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, posix } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/clock.ts';
import { writeAtomic } from '../../host/files.ts';
import { isAlive } from '../../host/processes.ts';
import type { ImageService } from '../../images/image-service.ts';
import type { Snapshotter } from '../../images/snapshotter.ts';
import type { ContainerConfig, ContainerId } from '../driver.ts';
import { removeMapped, seenByUsers } from './mapped-files.ts';
import type { ContainerEntry, ContainerTable } from './container-table.ts';
import type { OciHost } from './host.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { identified } from './record-annotation.ts';
import { cgroupOf, type ContainerRecord } from './records.ts';
import type { Sandboxes } from './sandboxes.ts';
import { buildSpec, type SandboxView } from './spec/build-spec.ts';
import { hostDevices } from './spec/devices.ts';
import { appArmorProfileOf, missingIsolation, readAppArmor } from './spec/isolation.ts';
import type { OciSeccomp } from './spec/oci-spec.ts';
import { defaultSeccomp, parseSeccomp } from './spec/seccomp.ts';
import { capabilitiesFor } from './spec/capabilities.ts';
import { resolveUser } from './spec/user.ts';

interface MakerDeps {
  host: OciHost;
  layout: Layout;
  cgroupParent: string;
  images: ImageService;
  snapshotter: Snapshotter;
  sandboxes: Sandboxes;
  table: ContainerTable;
  clock: Clock;
  newId: () => string;
}

/** runc charges its own set-up to the container. */
const minMemoryBytes = 6 << 20;

/** Makes all of a container but its process: writable root, config.json, record. */
export class ContainerMaker {
  readonly #deps: MakerDeps;

  constructor(deps: MakerDeps) {
    this.#deps = deps;
  }

  async create(config: ContainerConfig, signal?: AbortSignal): Promise<ContainerId> {
    const limit = config.resources.memoryLimitBytes;
    if (limit !== undefined && limit < minMemoryBytes) {
      throw new ApiError(
        'BadRequest',
        `a memory limit of ${String(limit)} bytes is too small: at least 6Mi are needed`,
      );
    }
    const host = { capabilities: this.#deps.host.limits.capabilities, appArmor: await readAppArmor() };
    const { users } = await this.#deps.sandboxes.view(config.sandbox);
    const refusal = missingIsolation(config.security, host, users !== undefined);
    if (refusal !== undefined) throw new ApiError('Forbidden', refusal);
    const entry = await this.#deps.table.add(this.#record(config));
    try {
      entry.making = this.#make(entry, config);
      await entry.making;
      signal?.throwIfAborted();
      return entry.record.id;
    } catch (error) {
      await this.undo(entry);
      throw error;
    }
  }

  /** Removes what `create` made, complete or not; no process of it may be left. Every step can be repeated. */
  async undo(entry: ContainerEntry): Promise<void> {
    const files = bundleFiles(this.#deps.layout, entry.record.id);
    await removeMapped(join(this.#deps.layout.mapped, entry.record.id));
    await this.#deps.snapshotter.remove(entry.record.id);
    await rm(files.bundle, { recursive: true, force: true });
    await rm(files.exit, { force: true });
    await this.#deps.table.remove(entry);
  }

  async #make(entry: ContainerEntry, config: ContainerConfig): Promise<void> {
    const { host, layout, snapshotter, sandboxes, images, table, cgroupParent } = this.#deps;
    const { id, pod } = entry.record;
    const { bundle, config: configFile } = bundleFiles(layout, id);
    const image = await snapshotter.imageConfig(config.imageId);
    const view = await sandboxes.view(config.sandbox);
    const rootfs = await snapshotter.prepare(id, config.imageId, view.users);
    const [user, seccomp, devices, found] = await Promise.all([
      resolveUser(rootfs, image.User ?? '', config.security),
      this.#seccomp(config),
      config.security.privileged ? hostDevices() : [],
      images.find(config.imageId),
    ]);
    const sandbox = await this.#withTarget(view, config.sharesPidsOf);
    const cgroupsPath = cgroupOf(cgroupParent, pod, id);
    const isCgroup2 = host.cgroups.mounts.isVersion2;
    const limits = host.limits;
    const seen = await seenByUsers(join(layout.mapped, id), { config, sandbox, rootfs });
    const spec = buildSpec({
      ...seen,
      image,
      user,
      host: limits,
      cgroupsPath,
      isCgroup2,
      seccomp,
      appArmorProfile: appArmorProfileOf(config.security),
      devices,
    });
    await mkdir(bundle, { recursive: true, mode: 0o700 });
    const imageId = found?.repoDigests[0] ?? config.imageId;
    const made = { phase: 'created', imageId, stopSignal: signalNumber(image.StopSignal) } as const;
    await writeAtomic(configFile, JSON.stringify(identified(spec, { ...entry.record, ...made })));
    await table.update(entry, made);
  }

  /** The sandbox with the PID namespace of another container, unless all of them share one anyway. */
  async #withTarget(view: SandboxView, target: ContainerId | undefined): Promise<SandboxView> {
    if (target === undefined || view.hostPid || view.namespaces.pid !== undefined) return view;
    const { name, process } = this.#deps.table.get(target).record;
    if (process === undefined || !(await isAlive(process))) {
      throw new ApiError('Conflict', `container ${name} does not run: its processes cannot be shared`);
    }
    return { ...view, namespaces: { ...view.namespaces, pid: `/proc/${String(process.pid)}/ns/pid` } };
  }

  async #seccomp({ security }: ContainerConfig): Promise<OciSeccomp | undefined> {
    const { seccomp } = security;
    if (security.privileged || seccomp.type === 'Unconfined') return undefined;
    const capabilities = new Set(capabilitiesFor(security, this.#deps.host.limits.capabilities));
    if (seccomp.type === 'RuntimeDefault') return defaultSeccomp(capabilities);
    if (!('path' in seccomp)) return undefined;
    const path = join(this.#deps.layout.seccompProfiles, posix.resolve('/', seccomp.path));
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw new ApiError('Forbidden', `the seccomp profile ${path} cannot be read`, {}, { cause: error });
    });
    return parseSeccomp(text, capabilities);
  }

  #record(config: ContainerConfig): ContainerRecord {
    const { sandbox, pod, name, attempt, image, imageId, specHash, logPath, tty, stdin, stdinOnce } = config;
    const { pidsLimit, oomScoreAdj: _score, ...size } = config.resources;
    const identity = { id: this.#deps.newId() as ContainerId, bootId: this.#deps.host.bootId };
    const given = {
      sandbox,
      pod,
      name,
      attempt,
      image,
      imageId,
      specHash,
      logPath,
      tty,
      stdin,
      stdinOnce,
      pidsLimit,
      size,
    };
    const open = { startedAt: 0, finishedAt: 0, exitCode: 0, reason: '', message: '' };
    const runtime = this.#deps.host.runtime.name;
    const createdAt = this.#deps.clock.now();
    return {
      ...identity,
      ...given,
      ...open,
      phase: 'making',
      createdAt,
      runtime,
      stopSignal: constants.signals.SIGTERM,
    };
  }
}

/** A stop signal as images write it: a number, or a name with or without SIG. SIGTERM for what is neither. */
export function signalNumber(text = ''): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= 64) return number;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RTM(IN|AX)([+-]\d+)?$/.exec(name);
  if (realtime !== null) return (realtime[1] === 'IN' ? 34 : 64) + Number(realtime[2] ?? 0);
  return Object.entries(constants.signals).find(([known]) => known === `SIG${name}`)?.[1] ?? constants.signals.SIGTERM;
}
