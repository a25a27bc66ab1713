/**
 * Durable writes a second of the state store, one after the other and many at once, against `node:sqlite` alone with the
 * same settings, whose every insert is a transaction. `node bench/store.ts [seconds] [directory]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../controller/store/sqlite-store.ts';
import { aPod } from '../test/objects.ts';

const seconds = Number(process.argv[2] ?? 3);
const directory = await mkdtemp(join(process.argv[3] ?? tmpdir(), 'berth-bench-'));
const atOnce = 500;
const pod = aPod({ name: 'web' });
const names = { serial: 0 };

try {
  const raw = await writesPerSecond(1, rawInsert());
  const store = await openSqliteStore(join(directory, 'state.db'));
  const put = async (): Promise<void> => {
    names.serial += 1;
    await store.create({ resource: 'pods', namespace: 'default', name: `pod-${names.serial}` }, pod);
  };
  const versions = new Map<number, number>();
  const replace = async (): Promise<void> => {
    const at = (names.serial += 1) % atOnce;
    const key = { resource: 'pods', namespace: 'default', name: `replaced-${at}` };
    const version = versions.get(at);
    versions.delete(at); // in flight: the next round makes another
    if (version === undefined) return put();
    versions.set(at, await store.update(key, pod, version));
  };
  for (let at = 0; at < atOnce; at += 1) {
    versions.set(at, await store.create({ resource: 'pods', namespace: 'default', name: `replaced-${at}` }, pod));
  }
  show('node:sqlite, one by one', raw, raw);
  show('store, one by one', await writesPerSecond(1, put), raw);
  show(`store, ${atOnce} at once`, await writesPerSecond(atOnce, put), raw);
  show(`replace, ${atOnce} at once`, await writesPerSecond(atOnce, replace), raw);
  await store.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}

function show(what: string, rate: number, peer: number): void {
  console.log(`${what.padEnd(26)} ${rate.toFixed(0).padStart(8)} a second, ratio ${(rate / peer).toFixed(2)}`);
}

function rawInsert(): () => Promise<void> {
  const db = new DatabaseSync(join(directory, 'raw.db'));
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE objects (name TEXT PRIMARY KEY, body TEXT) STRICT');
  const insert = db.prepare('INSERT INTO objects VALUES (?, ?)');
  return () => {
    names.serial += 1;
    insert.run(`pod-${names.serial}`, JSON.stringify(pod));
    return Promise.resolve();
  };
}

async function writesPerSecond(lanes: number, write: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let count = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() < end; count += 1) await write();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (count * 1000) / (performance.now() - begin);
}
