import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../shared/errors.ts';
import { ChangeLog } from './change-log.ts';
import { DiskReserve, freeBytes } from '../../shared/disk-reserve.ts';
import type { ObjectKey } from './state-store.ts';
import { openStateFile } from './sqlite-file.ts';
import type { Reply, Request, Row, Write, WriteResult } from './sqlite-protocol.ts';

export interface WorkerOptions {
  path: string;
  /** With less free space than this on the file's disk only deletes are taken, and small updates of what nodes report. */
  reserveBytes: number;
}

/** The transactions of one state file. Runs in a worker thread, so that waiting for the disk blocks nobody. */
class StateFile {
  readonly #db: DatabaseSync;
  readonly #options: WorkerOptions;
  readonly #reserve: DiskReserve | undefined;
  readonly #statements;
  readonly #changes: ChangeLog;
  #cleaning: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { path, reserveBytes } = options;
    this.#reserve = path === ':memory:' ? undefined : new DiskReserve(`${path}-reserve`, reserveBytes);
    this.#db = this.#withReserve(() => openStateFile(path));
    this.#reserve?.take();
    this.#emptyLog(); // a process that was killed may have left Secrets in it
    const where = 'WHERE resource = ? AND namespace = ? AND name = ?';
    this.#statements = {
      all: this.#db.prepare('SELECT resource, namespace, name, version, body, checksum FROM objects'),
      size: this.#db.prepare(`SELECT length(body) AS bytes FROM objects ${where}`),
      find: this.#db.prepare(`SELECT version FROM objects ${where}`),
      insert: this.#db.prepare('INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'),
      update: this.#db.prepare(`UPDATE objects SET version = ?, body = ?, checksum = ? ${where} AND version = ?`),
      delete: this.#db.prepare(`DELETE FROM objects ${where} AND version = ?`),
      version: this.#db.prepare('SELECT version FROM counter'),
      setVersion: this.#db.prepare('UPDATE counter SET version = ?'),
    };
    this.#changes = this.#withReserve(() => new ChangeLog(this.#db, this.#version()));
  }

  answer(request: Request): Reply {
    switch (request.do) {
      case 'load':
        return this.#load();
      case 'changes':
        return { did: 'changes', ...this.#changes.read() };
      case 'write':
        return { did: 'write', results: this.#withReserve(() => this.#write(request.writes)) };
      case 'close':
        clearTimeout(this.#cleaning);
        this.#db.close();
        return { did: 'close' };
    }
  }

  #load(): Reply {
    const rows: Row[] = [];
    for (const row of this.#statements.all.iterate()) {
      const { resource, namespace, name, body } = row as Record<string, unknown> & Row;
      if (crc32(body) !== row['checksum']) {
        throw new Error(
          `state file ${this.#options.path} is damaged: ${resource} ${namespace}/${name} has changed bytes`,
        );
      }
      rows.push({ resource, namespace, name, body, version: Number(row['version']) });
    }
    return { did: 'load', rows, version: this.#version() };
  }

  /** Tries again with a little of what was held back when the disk is full: it is to last for many. */
  #withReserve<T>(work: () => T): T {
    for (;;) {
      try {
        return work();
      } catch (error) {
        const { path, reserveBytes } = this.#options;
        const isFull = this.#reserve !== undefined && freeBytes(path) < reserveBytes;
        if (!isFull || !this.#reserve.giveUpSlice()) throw error;
      }
    }
  }

  /**
   * All writes in one transaction; each is checked against what those before it left. Zeros over what is deleted, and
   * the log of changes, take space themselves: on a full disk it is more important that deletes succeed.
   */
  #write(writes: Write[]): WriteResult[] {
    const { path, reserveBytes } = this.#options;
    const free = path === ':memory:' ? Infinity : freeBytes(path);
    this.#reserve?.take();
    if (free >= reserveBytes) return this.#transact(writes, { isLogged: true, isFull: false });
    // Pages that deletes have freed inside the file count as free, or a full store could never be used again.
    const isFull = free + this.#unusedBytes() < reserveBytes;
    this.#db.exec('PRAGMA secure_delete = OFF');
    try {
      return this.#transact(writes, { isLogged: false, isFull });
    } finally {
      this.#db.exec('PRAGMA secure_delete = ON');
    }
  }

  #transact(writes: Write[], { isLogged, isFull }: { isLogged: boolean; isFull: boolean }): WriteResult[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const before = this.#version();
      let version = before;
      const results = writes.map((write) => {
        if (isFull && !this.#goesOnWhenFull(write)) return { refused: 'DiskFull' } as const;
        const result = this.#one(write, version + 1, isLogged);
        if ('version' in result) version = result.version;
        return result;
      });
      if (version > before) this.#statements.setVersion.run(version);
      if (isLogged) this.#changes.trim(version);
      else this.#changes.skip(version);
      this.#db.exec('COMMIT');
      if (writes.some(replacesSecret)) this.#cleaning ??= setTimeout(() => this.#emptyLog(), secretsLeaveWithinMs);
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Deletes, or there never would be space, and what nodes report, or the API would show what is not so any more. */
  #goesOnWhenFull(write: Write): boolean {
    if (write.do !== 'update') return write.do === 'delete';
    const { resource, namespace, name } = write.key;
    const before = Number(this.#statements.size.get(resource, namespace, name)?.['bytes'] ?? 0);
    return reported.has(resource) && write.body.length <= before + growthBytes;
  }

  #one(write: Write, version: number, isLogged: boolean): WriteResult {
    const { resource, namespace, name } = write.key;
    const key = [resource, namespace, name] as const;
    switch (write.do) {
      case 'create': {
        const { changes } = this.#statements.insert.run(...key, version, write.body, crc32(write.body));
        if (changes === 0) return { refused: 'AlreadyExists' };
        if (isLogged) this.#changes.added(version, write.key);
        return { version };
      }
      case 'update': {
        const { body, expected } = write;
        if (isLogged) this.#changes.before(version, 'MODIFIED', write.key, expected);
        const { changes } = this.#statements.update.run(version, body, crc32(body), ...key, expected);
        return changes === 0 ? this.#refuse(write.key) : { version };
      }
      case 'delete': {
        if (isLogged) this.#changes.before(version, 'DELETED', write.key, write.expected);
        const { changes } = this.#statements.delete.run(...key, write.expected);
        return changes === 0 ? this.#refuse(write.key) : { version };
      }
    }
  }

  /** Moves the write-ahead log into the file and cuts it off: only then what was deleted is nowhere any more. */
  #emptyLog(): void {
    this.#cleaning = undefined;
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      this.#cleaning = setTimeout(() => this.#emptyLog(), tryAgainMs); // as when the disk is full
    }
  }

  #refuse({ resource, namespace, name }: ObjectKey): WriteResult {
    const found = this.#statements.find.get(resource, namespace, name);
    return { refused: found === undefined ? 'NotFound' : 'Conflict' };
  }

  #version(): number {
    return Number(this.#statements.version.get()?.['version']);
  }

  #unusedBytes(): number {
    const pages = this.#db.prepare('PRAGMA freelist_count').get()?.['freelist_count'];
    const size = this.#db.prepare('PRAGMA page_size').get()?.['page_size'];
    return Number(pages) * Number(size);
  }
}

/** What agents report, and what follows from it. */
const reported: ReadonlySet<string> = new Set([
  'pods',
  'nodes',
  'leases.coordination.k8s.io',
  'endpointslices.discovery.k8s.io',
]);
/** By how much one of them may grow with an update on a full disk. */
const growthBytes = 4096;
/** How long the bytes of a Secret that was deleted or replaced may stay in the log of the state file. */
const secretsLeaveWithinMs = 1000;
const tryAgainMs = 30_000;

function replacesSecret(write: Write): boolean {
  return write.do !== 'create' && write.key.resource === 'secrets';
}

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('sqlite-worker runs as a worker thread');
  const attempt = (work: () => Reply): void => {
    let reply: Reply;
    try {
      reply = work();
    } catch (error) {
      reply = { did: 'fail', message: messageOf(error) };
    }
    port.postMessage(reply);
    if (reply.did === 'close') port.close();
  };
  let file: StateFile | undefined;
  attempt(() => {
    file = new StateFile(workerData as WorkerOptions);
    return { did: 'open' };
  });
  port.on('message', (request: Request) => {
    attempt(() => {
      if (file === undefined) throw new Error('the state file is not open');
      return file.answer(request);
    });
  });
}

serve();
