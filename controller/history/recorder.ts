import type { LogBatch, LogsReply, LogsRequest } from '../../shared/bus/messages.ts';
import type { Logger } from '../../shared/log.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import type { Store } from '../store/store.ts';
import type { HistoryStore } from './history-store.ts';

/** Pods that went away lately: their last lines may still be on the way. */
const maxGone = 10_000;

interface Deps {
  store: Store;
  history: HistoryStore;
  log: Logger;
}

/** Takes the log lines that agents send, and only those of pods that are, or were, theirs. */
export class LogRecorder {
  readonly #deps: Deps;
  /** Node by uid of deleted pods, oldest first. */
  readonly #gone = new Map<string, string>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Remembers where deleted pods ran, until the scope closes. */
  run(scope: Scope): void {
    scope.spawn(
      async (signal) => {
        while (!signal.aborted) await this.#followDeletions(signal);
      },
      (error) => this.#deps.log.error('cannot follow deleted pods', { error }),
    );
  }

  /** Handler of the `logs` call: resolves when the lines are on disk. Lines of foreign pods are dropped, and said so. */
  async record(node: string, { batches }: LogsRequest): Promise<LogsReply> {
    const known = await Promise.all(batches.map((batch) => this.#isOfNode(node, batch)));
    const accepted = batches.filter((_batch, index) => known[index]);
    const stored = accepted.length === 0 ? [] : await this.#deps.history.appendLogs(node, accepted);
    const next = batches.map((batch, index) =>
      known[index] ? (stored.shift() ?? batch.first) : batch.first + batch.lines.length,
    );
    return { next };
  }

  async #isOfNode(node: string, { namespace, pod, uid, container }: LogBatch): Promise<boolean> {
    const current = this.#deps.store.get<Stored<Pod>>('pods', namespace, pod);
    const owner = current?.metadata.uid === uid ? current.spec?.nodeName : this.#gone.get(uid);
    if (owner === node) return true;
    if (owner === undefined && (await this.#deps.history.findStream(uid, container))?.node === node) return true;
    this.#deps.log.warn('log lines of a pod that is not on this node are dropped', { node, namespace, pod, uid });
    return false;
  }

  async #followDeletions(signal: AbortSignal): Promise<void> {
    try {
      for await (const { type, object } of this.#deps.store.watch({
        resource: 'pods',
        from: this.#deps.store.version,
        signal,
      })) {
        const { metadata, spec } = object as Stored<Pod>;
        if (type !== 'DELETED' || spec?.nodeName === undefined) continue;
        this.#gone.set(metadata.uid, spec.nodeName);
        const [oldest] = this.#gone.keys();
        if (this.#gone.size > maxGone && oldest !== undefined) this.#gone.delete(oldest);
      }
    } catch (error) {
      if (!hasReason(error, 'Expired')) throw error;
    }
  }
}
