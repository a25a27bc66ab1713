import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeHalfWritten, writeFileAtomic } from '../../shared/atomic-file.ts';
import type { Container, PodStatus } from '../../shared/objects/types.ts';
import type { ContainerId, SandboxId } from '../runtime/driver.ts';

/** How one attempt of a container ended. */
export interface Termination {
  attempt: number;
  id: ContainerId;
  /** Sandbox it ran in; '' when the container was never seen again. */
  sandbox: SandboxId | '';
  exitCode: number;
  reason: string;
  message: string;
  startedAt: number;
  finishedAt: number;
}

export interface ContainerRecord {
  /** Newest attempt that was created; its number is the restart count. */
  attempt: number;
  /** Image the newest attempt was made from, as `<repository>@sha256:…`. */
  imageId: string;
  /** Of the newest attempt. */
  specHash: string;
  /** Restarts since the container last ran for ten minutes: decides the next back-off. */
  restartStreak: number;
  /** The last two attempts that ended, oldest first. */
  ended: Termination[];
}

/** Requests and limits by container. */
export type Granted = Record<string, Container['resources']>;

/** What must outlive the containers of a pod, a restart of the agent and a reboot of the host. */
export interface PodRecord {
  namespace: string;
  name: string;
  uid: string;
  /** When this node first saw the pod. */
  startTime: number;
  /** Newest sandbox that was made; -1 for none. */
  sandboxAttempt: number;
  /** When this node first saw that the pod should end within this grace. */
  ending?: { since: number; graceMs: number };
  /** Why the node itself ended the pod for good. */
  failure?: { reason: string; message: string };
  containers: Record<string, ContainerRecord>;
  /** What the node has granted to each container. Absent until the pod was seen for the first time. */
  granted?: Granted;
  /** Last reported status: times of transitions, and a final phase that is never left. */
  status?: PodStatus;
}

export function newRecord(namespace: string, name: string, uid: string, now: number): PodRecord {
  return { namespace, name, uid, startTime: now, sandboxAttempt: -1, containers: {} };
}

/** Records of pods, one file each. */
export class PodRecords {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the directory, and clears what a killed process left in it. Call once, before the rest. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await removeHalfWritten(this.#directory);
  }

  /** Undefined when there is none, or none that can be read. */
  async load(uid: string): Promise<PodRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(uid), 'utf8')) as PodRecord;
    } catch {
      return undefined;
    }
  }

  async save(record: PodRecord): Promise<void> {
    await writeFileAtomic(this.#path(record.uid), JSON.stringify(record));
  }

  async remove(uid: string): Promise<void> {
    await rm(this.#path(uid), { force: true });
  }

  async list(): Promise<string[]> {
    const files = await readdir(this.#directory);
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  }

  #path(uid: string): string {
    if (!/^[A-Za-z0-9-]+$/.test(uid)) throw new Error(`not a uid: ${uid}`);
    return join(this.#directory, `${uid}.json`);
  }
}
