import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../shared/errors.ts';

const applicationId = 0x62727468;
const schemaVersion = 1;

const schema = `
  CREATE TABLE objects (
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) STRICT;
  CREATE TABLE counter (version INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES (0);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * Opens the state file for this process alone, made first when there is none. A file that is foreign, damaged, newer
 * than this program or in use by another process gives an error that says so; it is never changed or replaced.
 */
export function openStateFile(path: string): DatabaseSync {
  if (path === ':memory:') return connect(path, true);
  if (!existsSync(path)) createFile(path);
  if (statSync(path).size === 0) throw new Error(`state file ${path} is damaged: it is empty; ${remedy}`);
  try {
    const db = connect(path, false);
    chmodSync(path, 0o600);
    return db;
  } catch (error) {
    throw new Error(explain(path, error), { cause: error });
  }
}

/** A new file appears under its name only when it is complete, so that an empty one is always a damaged one. */
function createFile(path: string): void {
  if (existsSync(`${path}-wal`))
    throw new Error(`state file ${path} is missing, but its log ${path}-wal is there; ${remedy}`);
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  closeSync(openSync(fresh, 'wx', 0o600));
  connect(fresh, true).close();
  renameSync(fresh, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function connect(path: string, isNew: boolean): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    // What is deleted or replaced is overwritten with zeros: it may have been a Secret.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    db.exec('PRAGMA secure_delete = ON');
    if (isNew) db.exec(schema);
    else checkOwner(db, path);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    if (!isNew) checkPages(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Nothing else is safe: an empty file in its place would have every pod stopped. */
const remedy = 'bring it back from a copy';

class Refusal extends Error {}

function checkOwner(db: DatabaseSync, path: string): void {
  const owner = db.prepare('PRAGMA application_id').get()?.['application_id'];
  if (owner !== applicationId) throw new Refusal(`${path} is not a Berth state file; ${remedy}`);
  const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (found > schemaVersion) {
    throw new Refusal(
      `state file ${path} has schema ${found}, written by a newer Berth; this one knows ${schemaVersion}`,
    );
  }
}

function checkPages(db: DatabaseSync, path: string): void {
  const found = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
  if (found !== 'ok') throw new Refusal(`state file ${path} is damaged: ${String(found)}; ${remedy}`);
}

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const codes = { busy: 5, corrupt: 11, notADatabase: 26 };

function explain(path: string, error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const code = primaryCode(error);
  if (code === codes.notADatabase) return `${path} is not a Berth state file; ${remedy}`;
  if (code === codes.corrupt) return `state file ${path} is damaged: ${messageOf(error)}; ${remedy}`;
  if (code === codes.busy) return `state file ${path} is in use by another process`;
  return `cannot open state file ${path}: ${messageOf(error)}`;
}

function primaryCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}
