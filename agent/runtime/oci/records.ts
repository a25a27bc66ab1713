import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
 */
export class RecordFiles<T extends { id: string }> {
  readonly #directory: string;
  readonly #writes = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All records; files that are no record are removed. */
  async load(): Promise<T[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const records: T[] = [];
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const record = name.endsWith('.json') ? parse<T>(await readFile(path, 'utf8')) : undefined;
      if (record?.id === name.slice(0, -'.json'.length)) records.push(record);
      else await rm(path, { force: true });
    }
    return records;
  }

  /** Writes the record as it is now. */
  save(record: T): Promise<void> {
    const text = JSON.stringify(record);
    return this.#inOrder(record.id, () => writeAtomic(this.#path(record.id), text));
  }

  /** Succeeds when it is gone. */
  remove(id: string): Promise<void> {
    return this.#inOrder(id, () => rm(this.#path(id), { force: true }));
  }

  #inOrder(id: string, write: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(id) ?? Promise.resolve();
    const written = before.catch(() => undefined).then(write);
    this.#writes.set(id, written);
    return written.finally(() => {
      if (this.#writes.get(id) === written) this.#writes.delete(id);
    });
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
