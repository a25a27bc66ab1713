import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { LogBatch } from '../../shared/bus/messages.ts';
import { messageOf } from '../../shared/errors.ts';
import type { LogLine } from '../../shared/logs.ts';
import type { PodRecord } from '../../shared/objects/types.ts';
import type { LogStream } from './history-store.ts';

/** For this process alone: then no file of shared memory is needed, for which a full disk has no room. */
const connection = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL';
/** Ends with what `isMade` looks for. */
const schema = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL, pod TEXT NOT NULL, uid TEXT NOT NULL, container TEXT NOT NULL, node TEXT NOT NULL,
    next INTEGER NOT NULL, lastAttempt INTEGER NOT NULL, changedAt INTEGER NOT NULL,
    UNIQUE (uid, container)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS streamsByPod ON streams (namespace, pod);
  CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (id),
    first INTEGER NOT NULL, lastAttempt INTEGER NOT NULL, lastTime TEXT NOT NULL,
    storedAt INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS batchesByStream ON batches (stream, first);
  CREATE INDEX IF NOT EXISTS batchesByAge ON batches (storedAt);
  CREATE TABLE IF NOT EXISTS pods (
    uid TEXT PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, node TEXT NOT NULL, recordedAt INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS podsByAge ON pods (recordedAt);
`;

/** Where a reader wants to go on. Forwards from `from`; backwards to below `before`. */
export type PageRequest = { uid: string; container: string; attempt: number; sinceTime: string } & (
  { from: number } | { before: number }
);

export interface Page {
  /** Lines of the wanted attempt, in order. */
  lines: LogLine[];
  /** The `from` or `before` of the next page; absent at the end. */
  next?: number;
}

const batchesPerPage = 16;
/** Removed at a time while over the cap, so that an append never waits for long. */
const batchesPerTrim = 200;
/** Pods that are remembered; the ones recorded longest ago are forgotten first. */
const maxPods = 100_000;

/** The history file, used from its worker thread. One row a batch of lines, compressed. */
export class HistoryFile {
  readonly #db: DatabaseSync;

  /** Opens or makes it. Throws when it is not a history file or damaged. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(connection);
      if (!isMade(this.#db)) this.#db.exec(schema);
    } catch (error) {
      this.#db.close();
      const remedy =
        'move it away, with the files beside it that begin with its name, and an empty one takes its place';
      throw new Error(`${path}: ${messageOf(error)}; if it is damaged, ${remedy}`, { cause: error });
    }
    if (path !== ':memory:') chmodSync(path, 0o600);
  }

  append(node: string, batches: readonly LogBatch[], now: number): number[] {
    return this.#inTransaction(() => batches.map((batch) => this.#appendOne(node, batch, now)));
  }

  /** Forgets those that were recorded before `oldest`, too. */
  recordPods(pods: readonly PodRecord[], now: number, oldest: number): void {
    this.#inTransaction(() => {
      const write = this.#db.prepare(
        `INSERT INTO pods (uid, namespace, name, node, recordedAt) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (uid) DO UPDATE SET recordedAt = excluded.recordedAt`,
      );
      for (const { uid, namespace, name, node } of pods) write.run(uid, namespace, name, node, now);
      this.#db.prepare('DELETE FROM pods WHERE recordedAt < ?').run(oldest);
      this.#db
        .prepare(
          `DELETE FROM pods WHERE uid IN (
             SELECT uid FROM pods ORDER BY recordedAt LIMIT max(0, (SELECT count(*) FROM pods) - ${maxPods}))`,
        )
        .run();
    });
  }

  findPods(uids: readonly string[]): PodRecord[] {
    const find = this.#db.prepare('SELECT uid, namespace, name, node FROM pods WHERE uid = ?');
    return uids.flatMap((uid) => (find.get(uid) as unknown as PodRecord | undefined) ?? []);
  }

  streamsOfPod(namespace: string, pod: string): LogStream[] {
    const find = this.#db.prepare(
      'SELECT * FROM streams WHERE namespace = ? AND pod = ? ORDER BY changedAt DESC, id DESC',
    );
    return find.all(namespace, pod) as unknown as LogStream[];
  }

  stream(uid: string, container: string): (LogStream & { id: number }) | undefined {
    const find = this.#db.prepare('SELECT * FROM streams WHERE uid = ? AND container = ?');
    return find.get(uid, container) as unknown as (LogStream & { id: number }) | undefined;
  }

  page(request: PageRequest): Page {
    const stream = this.stream(request.uid, request.container);
    if (stream === undefined) return { lines: [] };
    const forwards = 'from' in request;
    const place = forwards ? 'first >= ?' : 'first < ?';
    const find = this.#db.prepare(
      `SELECT first, body FROM batches WHERE stream = ? AND ${place} AND lastAttempt >= ? AND lastTime >= ?
       ORDER BY first ${forwards ? 'ASC' : 'DESC'} LIMIT ${batchesPerPage}`,
    );
    const at = forwards ? request.from : request.before;
    const rows = find.all(stream.id, at, request.attempt, request.sinceTime) as { first: number; body: Uint8Array }[];
    const reached = rows.at(-1)?.first;
    const next = reached === undefined || rows.length < batchesPerPage ? undefined : forwards ? reached + 1 : reached;
    const inOrder = forwards ? rows : rows.reverse();
    const lines = inOrder.flatMap(({ body }) => unpack(body));
    return {
      lines: lines.filter(({ attempt, time }) => attempt === request.attempt && time >= request.sinceTime),
      next,
    };
  }

  /** Removes the oldest batches while the file is over `maxBytes` or they are older than `oldest`. True when more waits. */
  trim(maxBytes: number, oldest: number): boolean {
    const used = this.#pragma('page_count') - this.#pragma('freelist_count');
    const isOver = used * this.#pragma('page_size') > maxBytes;
    const select = `SELECT id FROM batches ${isOver ? '' : 'WHERE storedAt < ?'} ORDER BY storedAt LIMIT ${batchesPerTrim}`;
    const remove = this.#db.prepare(`DELETE FROM batches WHERE id IN (${select})`);
    const removed = Number((isOver ? remove.run() : remove.run(oldest)).changes);
    if (removed === 0) return false;
    this.#db.exec(
      'DELETE FROM streams WHERE id NOT IN (SELECT DISTINCT stream FROM batches); PRAGMA incremental_vacuum(2000)',
    );
    return removed === batchesPerTrim;
  }

  close(): void {
    this.#db.close();
  }

  #appendOne(node: string, batch: LogBatch, now: number): number {
    const { namespace, pod, uid, container, first } = batch;
    const stream = this.stream(uid, container);
    // A stream belongs to the node that began it; whoever else writes is not believed, and told not to try again.
    if (stream !== undefined && stream.node !== node) return first + batch.lines.length;
    const fresh = batch.lines.slice(Math.max(0, (stream?.next ?? 0) - first));
    const last = fresh.at(-1);
    if (last === undefined) return Math.max(stream?.next ?? 0, first);
    const start = Math.max(stream?.next ?? 0, first);
    const next = start + fresh.length;
    const id =
      stream?.id ??
      this.#db
        .prepare(
          'INSERT INTO streams (namespace, pod, uid, container, node, next, lastAttempt, changedAt) VALUES (?, ?, ?, ?, ?, 0, 0, ?)',
        )
        .run(namespace, pod, uid, container, node, now).lastInsertRowid;
    this.#db
      .prepare('INSERT INTO batches (stream, first, lastAttempt, lastTime, storedAt, body) VALUES (?, ?, ?, ?, ?, ?)')
      .run(id, start, last.attempt, last.time, now, pack(fresh));
    this.#db
      .prepare('UPDATE streams SET next = ?, lastAttempt = ?, changedAt = ? WHERE id = ?')
      .run(next, last.attempt, now, id);
    return next;
  }

  #inTransaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #pragma(name: string): number {
    return Number(this.#db.prepare(`PRAGMA ${name}`).get()?.[name]);
  }
}

function pack(lines: readonly LogLine[]): Uint8Array {
  return zstdCompressSync(
    JSON.stringify(lines.map(({ time, stream, attempt, text }) => [time, stream === 'stdout' ? 1 : 2, attempt, text])),
  );
}

function unpack(body: Uint8Array): LogLine[] {
  const rows = JSON.parse(zstdDecompressSync(body).toString()) as [string, 1 | 2, number, string][];
  return rows.map(([time, stream, attempt, text]) => ({
    time,
    stream: stream === 1 ? 'stdout' : 'stderr',
    attempt,
    text,
  }));
}

/** A file that is complete is opened without a write, so that what is kept can be read while the disk is full. */
function isMade(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'podsByAge'").get() !== undefined;
}
