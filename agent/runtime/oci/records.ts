import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull } from '../../../shared/disk-reserve.ts';
import { writeAtomic } from '../../host/files.ts';
import type { ProcessIdentity } from '../../host/processes.ts';
import type { ContainerId, ContainerStatus, PodIdentity, SandboxConfig, SandboxId } from '../driver.ts';

export interface SandboxRecord {
  id: SandboxId;
  /** Namespaces end with the boot they were made in. */
  bootId: string;
  config: SandboxConfig;
  /** `making` until all of it is there: found so by a new process, it is taken down. */
  phase: 'making' | 'ready' | 'stopped';
  ip: string;
  createdAt: number;
  /** Of the host's ids that its users stand for; absent: its users are the host's. */
  firstUserId?: number;
  /** Of a shared process namespace. */
  firstProcess?: ProcessIdentity;
}

export interface ContainerRecord extends Omit<ContainerStatus, 'state'> {
  bootId: string;
  /** `starting` from before the monitor is spawned until the command is known to run. */
  phase: 'making' | 'created' | 'starting' | 'running' | 'exited';
  /** The binary it was made with: it stays with it. */
  runtime: string;
  tty: boolean;
  stdin: boolean;
  /** Absent in records of earlier versions. */
  stdinOnce?: boolean;
  pidsLimit?: number;
  stopSignal: number;
  process?: ProcessIdentity;
  monitor?: ProcessIdentity;
}

/** Where the cgroup of a container, or of a sandbox's first process, is: below the mount of each controller. */
export function cgroupOf(parent: string, pod: PodIdentity, id: ContainerId | SandboxId): string {
  return `${parent}/${pod.uid}/${id}`;
}

/** Where the cgroups of all monitors are. */
export function monitorsCgroup(parent: string): string {
  return `${parent}/monitors`;
}

/**
 * One JSON file for each record, the truth of a process that starts anew. Writes of one record keep their order. Not
 * synced to the disk: after a power cut everything it speaks of is gone anyway, and a torn file is dropped on load.
 * While the disk is full records are written to memory, so that containers start and end as ever.
 */
export class RecordFiles<T extends { id: string }> {
  readonly #directory: string;
  readonly #memory: string;
  readonly #writes = new Map<string, Promise<void>>();

  /** `memory` is a directory on a file system that is in memory. */
  constructor(directory: string, memory: string) {
    this.#directory = directory;
    this.#memory = memory;
  }

  /** All records; files that are no record are removed. What is in memory is newer than what is on the disk. */
  async load(): Promise<T[]> {
    const records = new Map<string, T>();
    for (const directory of [this.#directory, this.#memory]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const name of await readdir(directory)) {
        const path = join(directory, name);
        const record = name.endsWith('.json') ? parse<T>(await readFile(path, 'utf8')) : undefined;
        if (record?.id === name.slice(0, -'.json'.length)) records.set(record.id, record);
        else await rm(path, { force: true });
      }
    }
    return [...records.values()];
  }

  /** Writes the record as it is now. */
  save(record: T): Promise<void> {
    const text = JSON.stringify(record);
    const name = `${record.id}.json`;
    return this.#inOrder(record.id, async () => {
      try {
        await writeAtomic(join(this.#directory, name), text);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        await mkdir(this.#memory, { recursive: true, mode: 0o700 });
        return writeAtomic(join(this.#memory, name), text);
      }
      await rm(join(this.#memory, name), { force: true });
    });
  }

  /** Succeeds when it is gone. */
  remove(id: string): Promise<void> {
    return this.#inOrder(id, async () => {
      for (const directory of [this.#directory, this.#memory]) await rm(join(directory, `${id}.json`), { force: true });
    });
  }

  #inOrder(id: string, write: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(id) ?? Promise.resolve();
    const written = before.catch(() => undefined).then(write);
    this.#writes.set(id, written);
    return written.finally(() => {
      if (this.#writes.get(id) === written) this.#writes.delete(id);
    });
  }
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
