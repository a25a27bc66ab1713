import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/clock.ts';
import { listMounts, mount, unmount } from '../../host/mounts.ts';
import { idsPerPod, isPinned, type NamespacePins, pinNamespaces, unpin } from '../../host/namespaces.ts';
import { isAlive } from '../../host/processes.ts';
import type { NodeNetwork } from '../../network/network.ts';
import type { SandboxConfig, SandboxId, SandboxStatus } from '../driver.ts';
import type { FirstProcesses } from './first-process.ts';
import { KeyedLock } from './gate.ts';
import { type Layout, sandboxFiles } from './layout.ts';
import { connectToPod } from './pod-connections.ts';
import { cgroupOf, type RecordFiles, type SandboxRecord } from './records.ts';
import { hostnameOf, writeSandboxFiles } from './sandbox-files.ts';
import type { SandboxView } from './spec/build-spec.ts';
import { sandboxSysctls } from './sysctls.ts';

interface SandboxesDeps {
  bootId: string;
  layout: Layout;
  records: RecordFiles<SandboxRecord>;
  network: NodeNetwork;
  firstProcesses: FirstProcesses;
  cgroupParent: string;
  clock: Clock;
  newId: () => string;
}

const shmSize = '64m';
const sharedUsers = 'hostUsers: false and shareProcessNamespace: true cannot be had together on this node';
/** Ranges of ids that pods get: the first ones are those of the host and its people, and none needs the 32nd bit. */
const [firstRange, ranges] = [32, 32_000];

/** Sandboxes without a process of their own: pinned namespaces, an address, a few files. */
export class Sandboxes {
  readonly #deps: SandboxesDeps;
  readonly #records = new Map<SandboxId, SandboxRecord>();
  readonly #locks = new KeyedLock();

  constructor(deps: SandboxesDeps) {
    this.#deps = deps;
  }

  /** Reads the records, takes down what was half made, and opens the network with the rest. */
  async open(): Promise<void> {
    const { layout, network, records, bootId } = this.#deps;
    await mkdir(layout.sandboxes, { recursive: true, mode: 0o700 });
    for (const record of await records.load()) this.#records.set(record.id, record);
    const isUp = (record: SandboxRecord): boolean => record.phase === 'ready' && record.bootId === bootId;
    const live = [...this.#records.values()].filter((record) => isUp(record) && !record.config.hostNetwork);
    await network.open(new Map(live.map(({ id }) => [id, sandboxFiles(layout, id).net])));
    for (const record of this.#records.values()) {
      if (record.phase === 'making') await this.remove(record.id);
      else if (record.bootId !== bootId) await this.stop(record.id);
    }
    for (const id of await readdir(layout.sandboxes)) {
      if (!this.#records.has(id as SandboxId)) await this.#clear(id as SandboxId);
    }
  }

  async run(config: SandboxConfig, signal?: AbortSignal): Promise<SandboxStatus> {
    if (!config.hostUsers && config.sharePid) throw new ApiError('Forbidden', sharedUsers);
    const sysctls = sandboxSysctls(config);
    const { uid, name } = config.pod;
    if (
      [...this.#records.values()].some(
        (other) => other.config.pod.uid === uid && other.config.attempt === config.attempt,
      )
    ) {
      throw new ApiError('AlreadyExists', `sandbox ${String(config.attempt)} of pod ${name} exists`, {
        kind: 'Sandbox',
        name,
      });
    }
    const id = this.#deps.newId() as SandboxId;
    const record: SandboxRecord = {
      id,
      bootId: this.#deps.bootId,
      config,
      phase: 'making',
      ip: '',
      createdAt: this.#deps.clock.now(),
      ...(config.hostUsers ? {} : { firstUserId: this.#freeUserId(id) }),
    };
    this.#records.set(record.id, record);
    return this.#locks.run(record.id, async () => {
      try {
        await this.#deps.records.save(record);
        const made = await this.#make(record, sysctls, signal);
        return await this.#status(await this.#update({ ...record, ...made, phase: 'ready' }));
      } catch (error) {
        await this.#takeDown(record);
        await this.#forget(record.id);
        throw error;
      }
    });
  }

  /** Takes down network and namespaces; its containers must have ended. Succeeds when it is gone. */
  stop(id: SandboxId): Promise<void> {
    return this.#locks.run(id, async () => {
      const record = this.#records.get(id);
      if (record === undefined || record.phase === 'stopped') return;
      await this.#takeDown(record);
      await this.#update({ ...record, phase: 'stopped' });
    });
  }

  /** Succeeds when it is gone. */
  remove(id: SandboxId): Promise<void> {
    return this.#locks.run(id, async () => {
      const record = this.#records.get(id);
      if (record === undefined) return;
      if (record.phase !== 'stopped') await this.#takeDown(record);
      await this.#clear(id);
      await this.#forget(id);
    });
  }

  /** All, or those of one pod. */
  list(podUid?: string): Promise<SandboxStatus[]> {
    const all = [...this.#records.values()];
    const wanted = podUid === undefined ? all : all.filter(({ config }) => config.pod.uid === podUid);
    return Promise.all(wanted.map((record) => this.#status(record)));
  }

  find(id: SandboxId): SandboxRecord | undefined {
    return this.#records.get(id);
  }

  /** Sandboxes of the same pod, stopped ones too. */
  countOf(podUid: string): number {
    return [...this.#records.values()].filter(({ config }) => config.pod.uid === podUid).length;
  }

  /** What a container in it joins. Throws NotFound, or Conflict when it is not ready. */
  async view(id: SandboxId): Promise<SandboxView> {
    const record = this.#records.get(id);
    if (record === undefined) throw new ApiError('NotFound', `sandbox ${id} not found`, { kind: 'Sandbox', name: id });
    if (!(await this.#status(record)).isReady) throw new ApiError('Conflict', `sandbox ${id} is not ready`);
    const files = sandboxFiles(this.#deps.layout, id);
    const { config, firstProcess, firstUserId } = record;
    const { net, ipc, uts } = pinsOf(config, files);
    return {
      hostname: hostnameOf(config),
      files: { ...files, shm: config.hostIpc ? '/dev/shm' : files.shm },
      namespaces: {
        ...(net === undefined ? {} : { network: net }),
        ...(ipc === undefined ? {} : { ipc }),
        ...(uts === undefined ? {} : { uts }),
        ...(firstUserId === undefined ? {} : { user: files.user }),
        ...(firstProcess === undefined ? {} : { pid: `/proc/${String(firstProcess.pid)}/ns/pid` }),
      },
      hostPid: config.hostPid,
      ...(firstUserId === undefined ? {} : { users: { path: files.user, firstId: firstUserId } }),
    };
  }

  /** A TCP connection to a port in it. Throws NotFound, Conflict when it is not ready, ServiceUnavailable when nobody listens. */
  async connect(id: SandboxId, port: number, signal: AbortSignal): Promise<Socket> {
    const { namespaces } = await this.view(id);
    const target = { network: namespaces.network, ip: this.#records.get(id)?.ip ?? '', port };
    return connectToPod(target, this.#deps.clock, signal);
  }

  async #make(
    { id, config, firstUserId }: SandboxRecord,
    sysctls: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Pick<SandboxRecord, 'ip' | 'firstProcess'>> {
    const files = sandboxFiles(this.#deps.layout, id);
    const pins = pinsOf(config, files);
    await mkdir(files.directory, { mode: 0o700 });
    const users = firstUserId === undefined ? {} : { users: { path: files.user, firstId: firstUserId } };
    await pinNamespaces(pins, { hostname: config.hostname, sysctls, ...users });
    signal?.throwIfAborted();
    const ip = config.hostNetwork ? '' : (await this.#deps.network.attach(id, files.net, config.ports)).ip;
    if (!config.hostIpc) {
      await mkdir(files.shm);
      await mount('shm', files.shm, 'tmpfs', ['nosuid', 'nodev', 'noexec'], `mode=1777,size=${shmSize}`);
    }
    await writeSandboxFiles(files, config, ip);
    signal?.throwIfAborted();
    if (!config.sharePid) return { ip };
    const namespaces = Object.entries(pins).map(([kind, path]: [string, string]) => ({
      type: kind === 'net' ? 'network' : kind,
      path,
    }));
    const cgroup = cgroupOf(this.#deps.cgroupParent, config.pod, id);
    const { directory } = files;
    return { ip, firstProcess: await this.#deps.firstProcesses.start({ id, directory, cgroup, namespaces }) };
  }

  /** Every step is tried; the first failure is thrown at the end. */
  async #takeDown({ id, config }: SandboxRecord): Promise<void> {
    const files = sandboxFiles(this.#deps.layout, id);
    const cgroup = cgroupOf(this.#deps.cgroupParent, config.pod, id);
    const results = await Promise.allSettled([
      config.sharePid ? this.#deps.firstProcesses.remove(id, cgroup) : undefined,
      this.#deps.network.detach(id),
      unpin(files.net),
      unpin(files.ipc),
      unpin(files.uts),
      unpin(files.user),
      unmount(files.shm),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.#clear(id);
  }

  /** Removes its directory, never through a mount. */
  async #clear(id: SandboxId): Promise<void> {
    const { directory } = sandboxFiles(this.#deps.layout, id);
    for (const point of await listMounts(directory)) await unmount(point);
    await rm(directory, { recursive: true, force: true });
  }

  async #status(record: SandboxRecord): Promise<SandboxStatus> {
    const { id, config, ip, createdAt } = record;
    return { id, pod: config.pod, attempt: config.attempt, isReady: await this.#isReady(record), ip, createdAt };
  }

  async #isReady({ id, phase, bootId, config, firstProcess, firstUserId }: SandboxRecord): Promise<boolean> {
    if (phase !== 'ready' || bootId !== this.#deps.bootId) return false;
    const files = sandboxFiles(this.#deps.layout, id);
    const pins = Object.values(pinsOf(config, files)) as string[];
    if (!pins.every(isPinned) || (firstUserId !== undefined && !isPinned(files.user))) return false;
    if (config.sharePid && (firstProcess === undefined || !(await isAlive(firstProcess)))) return false;
    return config.hostNetwork || (await this.#deps.network.usage(id)) !== undefined;
  }

  /** No two sandboxes have an id in common; other agents of this machine begin to look elsewhere. */
  #freeUserId(id: SandboxId): number {
    const taken = new Set([...this.#records.values()].map(({ firstUserId }) => firstUserId));
    const start = createHash('sha256').update(id).digest().readUInt32BE() % ranges;
    for (let index = 0; index < ranges; index += 1) {
      const firstId = (firstRange + ((start + index) % ranges)) * idsPerPod;
      if (!taken.has(firstId)) return firstId;
    }
    throw new ApiError('Forbidden', 'this node has no ids left for another pod with users of its own');
  }

  async #update(record: SandboxRecord): Promise<SandboxRecord> {
    this.#records.set(record.id, record);
    await this.#deps.records.save(record);
    return record;
  }

  async #forget(id: SandboxId): Promise<void> {
    await this.#deps.records.remove(id);
    this.#records.delete(id);
  }
}

/** The namespaces a sandbox has of its own. */
function pinsOf(config: SandboxConfig, files: { net: string; ipc: string; uts: string }): NamespacePins {
  return {
    ...(config.hostNetwork ? {} : { net: files.net, uts: files.uts }),
    ...(config.hostIpc ? {} : { ipc: files.ipc }),
  };
}
