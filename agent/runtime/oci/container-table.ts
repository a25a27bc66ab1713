import type { Socket } from 'node:net';
import { ApiError } from '../../../shared/errors.ts';
import type { ContainerEvent, ContainerId, ContainerStatus, SandboxId } from '../driver.ts';
import type { ContainerRecord, RecordFiles } from './records.ts';

/** A container as this process knows it. Only the table changes the record. */
export interface ContainerEntry {
  record: ContainerRecord;
  /** Resolved when the record says exited. */
  readonly exited: PromiseWithResolvers<void>;
  /** While it is being created. */
  making?: Promise<unknown>;
  /** The liveness fifo of its monitor, while it is followed. */
  alive?: Socket | undefined;
}

/** All containers of this node, in memory and on disk, and who wants to hear of them. */
export class ContainerTable {
  readonly #files: RecordFiles<ContainerRecord>;
  readonly #entries = new Map<ContainerId, ContainerEntry>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();

  constructor(files: RecordFiles<ContainerRecord>) {
    this.#files = files;
  }

  async load(): Promise<void> {
    for (const record of await this.#files.load()) this.#insert(record);
  }

  all(): ContainerEntry[] {
    return [...this.#entries.values()];
  }

  of(sandbox: SandboxId): ContainerEntry[] {
    return this.all().filter(({ record }) => record.sandbox === sandbox);
  }

  find(id: ContainerId): ContainerEntry | undefined {
    return this.#entries.get(id);
  }

  /** Throws NotFound. */
  get(id: ContainerId): ContainerEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined)
      throw new ApiError('NotFound', `container ${id} not found`, { kind: 'Container', name: id });
    return entry;
  }

  /** Throws AlreadyExists when this attempt of the container is there; what cannot be written down is not added. */
  async add(record: ContainerRecord): Promise<ContainerEntry> {
    const { sandbox, name, attempt } = record;
    if (this.of(sandbox).some(({ record: other }) => other.name === name && other.attempt === attempt)) {
      throw new ApiError('AlreadyExists', `container ${name} attempt ${String(attempt)} exists`, {
        kind: 'Container',
        name,
      });
    }
    const entry = this.#insert(record);
    try {
      await this.#files.save(record);
    } catch (error) {
      this.#entries.delete(record.id);
      throw error;
    }
    return entry;
  }

  /** Changes the record, here and on disk, and tells about it. */
  async update(entry: ContainerEntry, changes: Partial<ContainerRecord>): Promise<void> {
    entry.record = { ...entry.record, ...changes };
    try {
      await this.#files.save(entry.record);
    } finally {
      if (entry.record.phase === 'exited') entry.exited.resolve();
      const { id, pod } = entry.record;
      for (const tell of this.#listeners) tell({ id, pod });
    }
  }

  async remove(entry: ContainerEntry): Promise<void> {
    await this.#files.remove(entry.record.id);
    this.#entries.delete(entry.record.id);
    entry.exited.resolve();
  }

  /** Events until the signal aborts; several of one container may come as one. */
  async *events(signal: AbortSignal): AsyncGenerator<ContainerEvent> {
    const pending = new Map<ContainerId, ContainerEvent>();
    let wake = (): void => undefined;
    const tell = (event: ContainerEvent): void => {
      pending.set(event.id, event);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(tell);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        for (const [id, event] of pending) {
          pending.delete(id);
          yield event;
        }
        if (pending.size > 0 || signal.aborted) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(tell);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #insert(record: ContainerRecord): ContainerEntry {
    const entry: ContainerEntry = { record, exited: Promise.withResolvers<void>() };
    if (record.phase === 'exited') entry.exited.resolve();
    this.#entries.set(record.id, entry);
    return entry;
  }
}

/** What the rest of the agent sees of a record. */
export function statusOf(record: ContainerRecord): ContainerStatus {
  const { id, sandbox, pod, name, attempt, image, imageId, specHash, logPath } = record;
  const { createdAt, startedAt, finishedAt, exitCode, reason, message, phase, size } = record;
  const state = phase === 'running' || phase === 'exited' ? phase : 'created';
  const identity = { id, sandbox, pod, name, attempt, image, imageId, specHash, logPath };
  return { ...identity, ...(size && { size }), state, createdAt, startedAt, finishedAt, exitCode, reason, message };
}
