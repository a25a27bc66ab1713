import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { AgentPaths } from '../paths.ts';
import type { ContainerStatus, RuntimeDriver } from '../runtime/driver.ts';
import { logDirectoryOf, terminationDirectoryOf, terminationLogOf } from './pod-files.ts';
import { newestFirst } from './pod-view.ts';
import { identityOf } from './sandbox-config.ts';
import { type StorageUsage, diskVolumes, storageExcess, storageLimitsOf } from './storage-limits.ts';

/** What a file or a directory takes of its disk; once it is beyond `stopAtBytes` it need not be exact. */
export type MeasureTree = (path: string, stopAtBytes: number, signal: AbortSignal) => Promise<number>;

interface Deps {
  driver: Pick<RuntimeDriver, 'listContainers' | 'writablePaths'>;
  paths: AgentPaths;
  measureTree: MeasureTree;
  clock: Clock;
  log: Logger;
}

/** A pod that runs. */
export interface MeasuredPod {
  pod: Stored<Pod>;
  /** Ends the pod for good. A second call does nothing. */
  evict(message: string): void;
}

const periodMs = 10_000;
/** Of each of the files that every pod may write to although they are not its own: /etc/hosts and its likes, termination messages. */
const fileLimitBytes = 1 << 20;

/** Measures what pods take of the disk, one after the other, and evicts those that exceed a limit. */
export class StorageMonitor {
  readonly #deps: Deps;
  /** When a pod may be measured again, on the monotonic clock: who takes long waits as long. */
  readonly #due = new Map<string, number>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Looks at all pods every ten seconds. */
  async run(pods: () => readonly MeasuredPod[], signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    for (;;) {
      await clock.sleep(periodMs, signal);
      const present = pods();
      const uids = new Set(present.map(({ pod }) => pod.metadata.uid));
      for (const uid of this.#due.keys()) if (!uids.has(uid)) this.#due.delete(uid);
      for (const measured of present) {
        const { uid, namespace, name } = measured.pod.metadata;
        const began = clock.monotonic();
        if ((this.#due.get(uid) ?? 0) > began) continue;
        try {
          await this.#check(measured, signal);
        } catch (error) {
          signal.throwIfAborted();
          log.warn('cannot measure the storage of a pod', { pod: `${namespace}/${name}`, problem: messageOf(error) });
        }
        const now = clock.monotonic();
        this.#due.set(uid, now + (now - began));
      }
    }
  }

  async #check(measured: MeasuredPod, signal: AbortSignal): Promise<void> {
    const { pod } = measured;
    const { layers, shared } = await this.#deps.driver.writablePaths(pod.metadata.uid);
    for (const path of shared) {
      if ((await this.#deps.measureTree(path, fileLimitBytes, signal)) <= fileLimitBytes) continue;
      return measured.evict(`Usage of /etc/${path.slice(path.lastIndexOf('/') + 1)} exceeds the limit "1Mi". `);
    }
    await this.#capTerminationLogs(pod.metadata.uid, signal);
    const limits = storageLimitsOf(pod);
    if (limits === undefined) return;
    const excess = storageExcess(limits, await this.#measure(pod, layers, shared, signal));
    if (excess !== undefined) measured.evict(excess);
  }

  /** A message is cut to its last 4 KiB when it is read; programs that write without end lose the rest sooner. */
  async #capTerminationLogs(uid: string, signal: AbortSignal): Promise<void> {
    const directory = terminationDirectoryOf(this.#deps.paths, uid);
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      if ((await this.#deps.measureTree(path, fileLimitBytes, signal)) > fileLimitBytes) await truncate(path);
    }
  }

  async #measure(
    pod: Stored<Pod>,
    layers: ReadonlyMap<string, string>,
    shared: readonly string[],
    signal: AbortSignal,
  ): Promise<StorageUsage> {
    const { driver, paths } = this.#deps;
    const { uid } = pod.metadata;
    const measure = async (some: readonly string[]): Promise<number> => {
      let sum = 0;
      for (const path of some) sum += await this.#deps.measureTree(path, Infinity, signal);
      return sum;
    };
    const volumes = new Map<string, number>();
    for (const name of diskVolumes(pod)) volumes.set(name, await measure([join(paths.pods, uid, 'volumes', name)]));
    const containers = new Map<string, number>();
    for (const { id, name, attempt } of newestAttempts(await driver.listContainers(uid))) {
      const layer = layers.get(id);
      const logs = join(logDirectoryOf(paths, identityOf(pod)), name);
      const message = terminationLogOf(paths, uid, name, attempt);
      containers.set(name, await measure([...(layer === undefined ? [] : [layer]), logs, message]));
    }
    return { volumes, containers, shared: await measure(shared) };
  }
}

function newestAttempts(statuses: readonly ContainerStatus[]): ContainerStatus[] {
  return [
    ...new Map(
      [...statuses]
        .sort(newestFirst)
        .reverse()
        .map((status) => [status.name, status]),
    ).values(),
  ];
}
