import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, open as openFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { stateStoreConformance } from '../conformance/state-store.ts';

const key = { resource: 'configmaps', namespace: 'default', name: 'a' };
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };

describe('SQLite state file', () => {
  let folder: string;
  let files = 0;
  const fresh = (): string => join(folder, `state-${(files += 1)}.db`);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-sqlite-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  stateStoreConformance('sqlite file', () => openSqliteStore(fresh()));
  stateStoreConformance('sqlite :memory:', () => openSqliteStore(':memory:'));

  const written = async (objects: readonly KubeObject[] = [object]): Promise<string> => {
    const path = fresh();
    const store = await openSqliteStore(path);
    await Promise.all(objects.map((each) => store.create({ ...key, name: each.metadata.name }, each)));
    await store.close();
    return path;
  };
  const refusesToOpen = (path: string, message: RegExp): Promise<void> =>
    assert.rejects(openAndLoad(path), (error) => hasReason(error, 'ServiceUnavailable') && message.test(error.message));

  it('keeps the version after everything is deleted and the file was closed', async () => {
    const path = fresh();
    const store = await openSqliteStore(path);
    await store.delete(key, await store.create(key, object));
    await store.close();
    const again = await openSqliteStore(path);
    assert.deepEqual(await again.load(), { objects: [], version: 2 });
    assert.equal(await again.create(key, object), 3);
    await again.close();
  });

  it('makes the file readable by its owner alone', async () => {
    const path = await written();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('refuses a file that something else made', async () => {
    const text = fresh();
    await writeFile(text, 'not a database at all, but long enough to be looked at\n'.repeat(100));
    await refusesToOpen(text, /is not a Berth state file/);
    const foreign = fresh();
    const db = new DatabaseSync(foreign);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    await refusesToOpen(foreign, /is not a Berth state file/);
  });

  it('refuses a file of a newer Berth', async () => {
    const path = await written();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await refusesToOpen(path, /written by a newer Berth/);
  });

  it('refuses a damaged file instead of showing fewer objects', async () => {
    const many = Array.from({ length: 200 }, (_, at) => ({
      ...object,
      metadata: { name: `n${at}`, annotations: { text: `find-me ${'x'.repeat(500)}` } },
    }));
    const cut = await written(many);
    await truncate(cut, (await stat(cut)).size / 2);
    await refusesToOpen(cut, /damaged/);
    const emptied = await written(many);
    await truncate(emptied, 0);
    await refusesToOpen(emptied, /damaged/);
    const flipped = await written(many);
    await flipByte(flipped, (await readFile(flipped)).lastIndexOf('find-me'));
    await refusesToOpen(flipped, /damaged/);
  });

  it('refuses a file that another process has open', async () => {
    const path = fresh();
    const store = await openSqliteStore(path);
    await store.create(key, object);
    const other = new Worker(
      `const { DatabaseSync } = require('node:sqlite');
       const { parentPort, workerData } = require('node:worker_threads');
       try { new DatabaseSync(workerData).exec('SELECT * FROM objects'); parentPort.postMessage('read'); }
       catch (error) { parentPort.postMessage(error.message); }`,
      { eval: true, workerData: path },
    );
    const [outcome] = (await once(other, 'message')) as [string];
    assert.match(outcome, /locked/);
    await refusesToOpen(path, /in use by another process/);
    await store.close();
    await other.terminate();
  });

  it('takes only deletes while the disk is almost full', async () => {
    const path = await written();
    const store = await openSqliteStore(path, { reserveBytes: Number.MAX_SAFE_INTEGER });
    const refused = (write: Promise<unknown>): Promise<void> =>
      assert.rejects(write, (error) => hasReason(error, 'ServiceUnavailable') && /nearly full/.test(error.message));
    await refused(store.create({ ...key, name: 'b' }, object));
    await refused(store.update(key, object, 1));
    assert.equal(await store.delete(key, 1), 2);
    await store.close();
  });
});

async function openAndLoad(path: string): Promise<void> {
  const store: StateStore = await openSqliteStore(path);
  try {
    await store.load();
  } finally {
    await store.close();
  }
}

async function flipByte(path: string, at: number): Promise<void> {
  const file = await openFile(path, 'r+');
  await file.write(Buffer.from('F'), 0, 1, at);
  await file.close();
}
