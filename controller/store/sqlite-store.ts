import { Worker } from 'node:worker_threads';
import { ApiError, messageOf } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { LoggedRow, Reply, Request, Write, WriteResult } from './sqlite-protocol.ts';
import type { WorkerOptions } from './sqlite-worker.ts';
import type { Change, ObjectKey, StateStore } from './state-store.ts';
import { alreadyExists, conflict, notFound } from './store-errors.ts';

export interface SqliteOptions {
  /** With less free space than this on the file's disk only deletes and reports of nodes are taken; default 16 MiB. */
  reserveBytes?: number;
}

/** Opens, or makes, the state file at `path` (`:memory:` keeps nothing). Rejects when it is foreign, damaged or in use. */
export async function openSqliteStore(path: string, options: SqliteOptions = {}): Promise<StateStore> {
  const { reserveBytes = 16 * 1024 * 1024 } = options;
  const worker = new SqliteWorker({ path, reserveBytes });
  await worker.opened;
  return new SqliteStore(worker);
}

/** Most writes of one transaction: bounds how long the first of them waits. */
const maxBatch = 1_000;

interface Waiting {
  write: Write;
  resolve: (version: number) => void;
  reject: (error: Error) => void;
}

/**
 * Writes of one tick, and all that come while the disk is busy, share the next transaction. They are committed and
 * answered in the order in which they were begun.
 */
class SqliteStore implements StateStore {
  readonly #worker: SqliteWorker;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(worker: SqliteWorker) {
    this.#worker = worker;
  }

  async load(): Promise<{ objects: { key: ObjectKey; object: KubeObject }[]; version: number }> {
    const reply = await this.#worker.ask({ do: 'load' });
    if (reply.did !== 'load') throw failure(reply);
    const objects = reply.rows.map(({ resource, namespace, name, version, body }) => {
      return { key: { resource, namespace, name }, object: fromBody(body, version) };
    });
    return { objects, version: reply.version };
  }

  async changes(): Promise<{ changes: Change[]; floor: number }> {
    const reply = await this.#worker.ask({ do: 'changes' });
    if (reply.did !== 'changes') throw failure(reply);
    return { changes: reply.rows.map(changeOf), floor: reply.floor };
  }

  create(key: ObjectKey, object: KubeObject): Promise<number> {
    return this.#queue({ do: 'create', key, body: toBody(object) });
  }

  update(key: ObjectKey, object: KubeObject, expected: number): Promise<number> {
    return this.#queue({ do: 'update', key, body: toBody(object), expected });
  }

  delete(key: ObjectKey, expected: number): Promise<number> {
    return this.#queue({ do: 'delete', key, expected });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#flushing;
      await this.#worker.ask({ do: 'close' }).catch(() => undefined);
      await this.#worker.stop();
    })();
    return this.#closing;
  }

  #queue(write: Write): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) {
        reject(new ApiError('ServiceUnavailable', 'the state store is closed'));
        return;
      }
      this.#waiting.push({ write, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const reply = await this.#worker.ask({ do: 'write', writes: batch.map(({ write }) => write) });
        if (reply.did !== 'write') throw failure(reply);
        batch.forEach((waiting, at) => settle(waiting, reply.results[at]));
      } catch (error) {
        const reason = new ApiError('ServiceUnavailable', messageOf(error), {}, { cause: error });
        batch.forEach(({ reject }) => reject(reason));
      }
    }
    this.#flushing = undefined;
  }
}

const diskFull =
  'the disk of the state file is nearly full: until there is more space, only deletes and reports of nodes are stored';

function settle({ write, resolve, reject }: Waiting, result: WriteResult | undefined): void {
  if (result === undefined) reject(new ApiError('ServiceUnavailable', 'the state file gave no answer'));
  else if ('version' in result) resolve(result.version);
  else if (result.refused === 'AlreadyExists') reject(alreadyExists(write.key));
  else if (result.refused === 'NotFound') reject(notFound(write.key));
  else if (result.refused === 'Conflict') reject(conflict(write.key));
  else reject(new ApiError('ServiceUnavailable', diskFull));
}

function fromBody(body: string, version: number): KubeObject {
  const object = JSON.parse(body) as KubeObject;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

/** Objects are read when somebody looks at them: most changes are of no interest to most watches. */
function changeOf({ type, resource, namespace, name, version, body, before }: LoggedRow): Change {
  let object: KubeObject | undefined;
  let previous: KubeObject | undefined;
  return {
    type,
    version,
    key: { resource, namespace, name },
    get object() {
      return (object ??= fromBody(body, version));
    },
    get previous() {
      if (before === undefined || type !== 'MODIFIED') return undefined;
      return (previous ??= JSON.parse(before) as KubeObject);
    },
  };
}

/** The version has its own column. */
function toBody(object: KubeObject): string {
  return JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } });
}

function failure(reply: Reply): ApiError {
  const why = reply.did === 'fail' ? reply.message : `unexpected answer ${reply.did}`;
  return new ApiError('ServiceUnavailable', `the state file cannot be used: ${why}`);
}

/** The worker thread; it answers requests in their order. */
class SqliteWorker {
  /** Settles once: the file is open, or why not. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #asked: PromiseWithResolvers<Reply>[] = [];
  #dead: Error | undefined;

  constructor(options: WorkerOptions) {
    // The compiler does not rewrite the ending in a URL, and both sources and their compiled form must run.
    const file = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: options });
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error: Error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('the state file is closed')));
    this.opened = this.#awaitOpen();
  }

  ask(request: Request): Promise<Reply> {
    const reply = this.#next();
    this.#worker.postMessage(request, []);
    return reply;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #awaitOpen(): Promise<void> {
    const reply = await this.#next();
    if (reply.did === 'open') return;
    await this.stop();
    throw new ApiError('ServiceUnavailable', reply.did === 'fail' ? reply.message : 'the state file did not open');
  }

  #next(): Promise<Reply> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const asked = Promise.withResolvers<Reply>();
    this.#asked.push(asked);
    return asked.promise;
  }

  #answer(reply: Reply): void {
    this.#asked.shift()?.resolve(reply);
  }

  #die(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }
}
