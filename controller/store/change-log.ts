import type { DatabaseSync } from 'node:sqlite';
import type { LoggedRow } from './sqlite-protocol.ts';
import type { Change, ObjectKey } from './state-store.ts';

const limits = { changes: 10_000, bytes: 64 * 1024 * 1024 };
/** Trimmed when there is this much too much. */
const slack = { changes: 1_000, bytes: 16 * 1024 * 1024 };
/** Rows that one transaction drops at most: it must not take long. */
const dropped = 500;

/**
 * The last changes, in the state file itself and in the same transactions, so that who watched a controller that is
 * gone goes on with the next one. Of each change the object before it is stored: after it, it is what the next change
 * of the same object has before it, or what is stored now. A Secret stands here without its content, which must not
 * outlive it: all its changes show it as it is now.
 */
export class ChangeLog {
  readonly #statements;
  /** Changes above this version are there, without a gap. Rows below it are of no use. */
  #floor: number;
  /** Of all rows. */
  #bytes: number;
  #hasUseless: boolean;

  /** Makes the table where there is none. What has a gap after it, as an older program leaves it, is of no use. */
  constructor(db: DatabaseSync, version: number) {
    db.exec(`CREATE TABLE IF NOT EXISTS changes (
      version INTEGER PRIMARY KEY, type TEXT NOT NULL,
      resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body TEXT
    ) STRICT`);
    const range = 'SELECT count(*) AS count, min(version) AS first, max(version) AS last FROM changes';
    const { count, first, last } = db.prepare(range).get() as { count: number; first: number; last: number };
    const isWhole = count > 0 && last === version && last - first + 1 === count;
    this.#floor = isWhole ? first - 1 : version;
    this.#hasUseless = count > 0 && !isWhole;
    this.#bytes = Number(db.prepare('SELECT total(length(body)) AS bytes FROM changes').get()?.['bytes']);
    const body = `CASE resource WHEN 'secrets'
      THEN json_remove(body, '$.data', '$.stringData', '$.metadata.annotations', '$.metadata.managedFields')
      ELSE body END`;
    const where = 'resource = ? AND namespace = ? AND name = ?';
    this.#statements = {
      add: db.prepare("INSERT INTO changes VALUES (?, 'ADDED', ?, ?, ?, NULL)"),
      copy: db.prepare(`INSERT INTO changes SELECT ?, ?, resource, namespace, name, ${body} FROM objects
        WHERE ${where} AND version = ? RETURNING length(body) AS bytes`),
      newestFirst: db.prepare('SELECT * FROM changes WHERE version > ? ORDER BY version DESC'),
      oldestFirst: db.prepare('SELECT version, length(body) AS bytes FROM changes WHERE version > ? ORDER BY version'),
      current: db.prepare(`SELECT body FROM objects WHERE ${where}`),
      drop: db.prepare(`DELETE FROM changes WHERE version IN
        (SELECT version FROM changes WHERE version <= ? ORDER BY version LIMIT ${dropped}) RETURNING length(body) AS bytes`),
    };
  }

  /** To be called once the object is there. */
  added(version: number, { resource, namespace, name }: ObjectKey): void {
    this.#statements.add.run(version, resource, namespace, name);
  }

  /** To be called while the object is as it was; without effect when it has not this version. */
  before(version: number, type: Change['type'], { resource, namespace, name }: ObjectKey, expected: number): void {
    const row = this.#statements.copy.get(version, type, resource, namespace, name, expected);
    this.#bytes += Number(row?.['bytes'] ?? 0);
  }

  /** Nothing up to this version is logged: there is no room for it. */
  skip(version: number): void {
    this.#floor = version;
    this.#hasUseless = true;
  }

  /** Drops some of the oldest when there are too many. `version` is the newest. */
  trim(version: number): void {
    const isLong = version - this.#floor > limits.changes + slack.changes;
    const isLarge = this.#bytes > limits.bytes + slack.bytes;
    if (!this.#hasUseless && (isLong || isLarge)) this.#raiseFloor(version);
    if (!this.#hasUseless) return;
    const gone = this.#statements.drop.all(this.#floor);
    this.#bytes -= gone.reduce((sum, row) => sum + Number(row['bytes'] ?? 0), 0);
    this.#hasUseless = gone.length === dropped;
  }

  #raiseFloor(version: number): void {
    let cut = Math.max(this.#floor, version - limits.changes);
    let left = this.#bytes;
    for (const row of this.#statements.oldestFirst.iterate(this.#floor)) {
      const { version: at, bytes } = row as { version: number; bytes: number | null };
      if (at > cut && left <= limits.bytes) break;
      left -= bytes ?? 0;
      cut = Math.max(cut, at);
    }
    this.#floor = cut;
    this.#hasUseless = true;
  }

  /** All of them, oldest first, each with the object after and before it. */
  read(): { rows: LoggedRow[]; floor: number } {
    const next = new Map<string, string>();
    const rows: LoggedRow[] = [];
    for (const row of this.#statements.newestFirst.iterate(this.#floor)) {
      const { version, type, resource, namespace, name, body: before } = row as unknown as StoredRow;
      const key = `${resource} ${namespace}/${name}`;
      const now = next.get(key) ?? this.#current(resource, namespace, name) ?? before ?? '';
      const after = type === 'DELETED' ? (before ?? '') : now;
      // What an object that was made again is now says nothing of what was there before.
      if (resource === 'secrets' && type !== 'DELETED') next.set(key, type === 'ADDED' ? '' : now);
      else if (before !== null) next.set(key, before);
      if (after === '') continue;
      rows.push({ version, type, resource, namespace, name, body: after, ...(before !== null && { before }) });
    }
    return { rows: rows.reverse(), floor: this.#floor };
  }

  #current(resource: string, namespace: string, name: string): string | undefined {
    const row = this.#statements.current.get(resource, namespace, name);
    return row === undefined ? undefined : String(row['body']);
  }
}

interface StoredRow extends ObjectKey {
  version: number;
  type: Change['type'];
  body: string | null;
}
