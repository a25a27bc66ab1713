import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { PodRecord } from '../../shared/objects/types.ts';

/** Which node ran which pod, over restarts: the history. */
export interface PodRecords {
  recordPods(pods: readonly PodRecord[]): Promise<void>;
  /** Those of them that are known. */
  findPods(uids: readonly string[]): Promise<PodRecord[]>;
}

const maxUnsaved = 20_000;
const batchSize = 1_000;

/**
 * The controller's own record of which node runs, or ran, a pod, and what the pod is called: a node may speak of its own
 * pods only, and their names never come from it. A pod is recorded when it is bound and again when it goes, so that its
 * last events and log lines are known after a restart too.
 */
export class PodOwners {
  readonly #records: PodRecords;
  readonly #log: Logger;
  readonly #live = new Map<string, PodRecord>();
  /** On the way to the records. Bounded: while those cannot be written, the oldest are dropped. */
  readonly #unsaved = new Map<string, PodRecord>();
  #isSaving = false;

  constructor(records: PodRecords, log: Logger) {
    this.#records = records;
    this.#log = log;
  }

  /** Forgets the living; they are about to be added again. */
  reset(): void {
    this.#live.clear();
  }

  /** A pod is bound. Does nothing when that is known. */
  add(pod: PodRecord): void {
    if (this.#live.get(pod.uid)?.node === pod.node) return;
    this.#live.set(pod.uid, pod);
    this.#record(pod);
  }

  /** A pod is gone. */
  remove(uid: string): void {
    const pod = this.#live.get(uid);
    if (pod === undefined) return;
    this.#live.delete(uid);
    this.#record(pod);
  }

  /** The pod while its object exists, on whatever node. */
  findLive(uid: string): PodRecord | undefined {
    return this.#live.get(uid);
  }

  /** Those of the pods that are, or were, this node's, by uid. Throws when the records cannot be read. */
  async ownedBy(node: string, uids: readonly string[]): Promise<Map<string, PodRecord>> {
    const known = uids.flatMap((uid) => this.#live.get(uid) ?? this.#unsaved.get(uid) ?? []);
    const found = new Set(known.map(({ uid }) => uid));
    const gone = [...new Set(uids)].filter((uid) => !found.has(uid));
    const recorded = gone.length === 0 ? [] : await this.#records.findPods(gone);
    return new Map([...known, ...recorded].filter((pod) => pod.node === node).map((pod) => [pod.uid, pod]));
  }

  #record(pod: PodRecord): void {
    this.#unsaved.set(pod.uid, pod);
    if (this.#unsaved.size > maxUnsaved) {
      for (const [oldest] of [...this.#unsaved].slice(0, batchSize)) this.#unsaved.delete(oldest);
    }
    if (!this.#isSaving) void this.#save();
  }

  /** What cannot be written waits for the next pod that comes or goes. */
  async #save(): Promise<void> {
    this.#isSaving = true;
    try {
      await new Promise(setImmediate);
      while (this.#unsaved.size > 0) {
        const batch = [...this.#unsaved.values()].slice(0, batchSize);
        await this.#records.recordPods(batch);
        for (const pod of batch) if (this.#unsaved.get(pod.uid) === pod) this.#unsaved.delete(pod.uid);
      }
    } catch (error) {
      this.#log.warn('owners of pods not recorded yet', { problem: messageOf(error) });
    } finally {
      this.#isSaving = false;
    }
  }
}
