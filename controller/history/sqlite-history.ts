import { Worker } from 'node:worker_threads';
import type { LogBatch } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import type { LogLine } from '../../shared/logs.ts';
import type { PodRecord } from '../../shared/objects/types.ts';
import type { Page } from './history-file.ts';
import type { HistoryStore, LogStream, ReadOptions } from './history-store.ts';
import type { HistoryRequest, HistoryWorkerOptions } from './history-worker.ts';

/** Cap and age of the history, design §7. */
export const historyDefaults = { maxBytes: 2 * 1024 ** 3, maxAgeMs: 7 * 24 * 3_600_000 };

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Opens, or makes, the history file at `path`; `:memory:` keeps nothing. Rejects when it cannot be used. */
export async function openSqliteHistory(
  path: string,
  clock: Clock,
  limits: { maxBytes: number; maxAgeMs: number } = historyDefaults,
): Promise<HistoryStore> {
  const store = new SqliteHistory({ path, ...limits }, clock);
  await store.opened;
  return store;
}

class SqliteHistory implements HistoryStore {
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #closing: Promise<void> | undefined;

  constructor(options: HistoryWorkerOptions, clock: Clock) {
    this.#clock = clock;
    const file = import.meta.url.endsWith('.ts') ? './history-worker.ts' : './history-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: options });
    this.opened = new Promise((resolve, reject) => this.#pending.set(0, { resolve, reject }));
    this.#worker.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(value);
      else pending?.reject(new ApiError('ServiceUnavailable', `the history file cannot be used: ${error}`));
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('it is closed')));
  }

  appendLogs(node: string, batches: readonly LogBatch[]): Promise<number[]> {
    return this.#ask({ do: 'append', node, batches, now: this.#clock.now() }) as Promise<number[]>;
  }

  findStreams(namespace: string, pod: string): Promise<LogStream[]> {
    return this.#ask({ do: 'streams', namespace, pod }) as Promise<LogStream[]>;
  }

  findStream(uid: string, container: string): Promise<LogStream | undefined> {
    return this.#ask({ do: 'stream', uid, container }) as Promise<LogStream | undefined>;
  }

  async *readLogs(uid: string, container: string, options: ReadOptions): AsyncGenerator<LogLine[], void> {
    const { attempt, tailLines, sinceTime = '' } = options;
    const page = { uid, container, attempt, sinceTime };
    if (tailLines !== undefined) {
      yield await this.#readTail(page, tailLines);
      return;
    }
    for (let from: number | undefined = 0; from !== undefined;) {
      const { lines, next } = (await this.#ask({ do: 'page', page: { ...page, from } })) as Page;
      if (lines.length > 0) yield lines;
      from = next;
    }
  }

  async recordPods(pods: readonly PodRecord[]): Promise<void> {
    await this.#ask({ do: 'recordPods', pods, now: this.#clock.now() });
  }

  findPods(uids: readonly string[]): Promise<PodRecord[]> {
    return this.#ask({ do: 'findPods', uids }) as Promise<PodRecord[]>;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#ask({ do: 'close' }).catch(() => undefined);
      await this.#worker.terminate();
    })();
    return this.#closing;
  }

  async #readTail(
    page: { uid: string; container: string; attempt: number; sinceTime: string },
    count: number,
  ): Promise<LogLine[]> {
    let tail: LogLine[] = [];
    for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined && tail.length < count;) {
      const { lines, next } = (await this.#ask({ do: 'page', page: { ...page, before } })) as Page;
      tail = [...lines, ...tail];
      before = next;
    }
    return count === 0 ? [] : tail.slice(-count);
  }

  #ask(request: HistoryRequest): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request }, []);
    });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#pending.values()) {
      reject(
        new ApiError('ServiceUnavailable', `the history file cannot be used: ${error.message}`, {}, { cause: error }),
      );
    }
    this.#pending.clear();
  }
}
