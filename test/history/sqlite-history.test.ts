import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryFile } from '../../controller/history/history-file.ts';
import { openSqliteHistory } from '../../controller/history/sqlite-history.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { needsRoot } from '../support/needs.ts';
import { aBatch, historyStoreConformance } from '../conformance/history-store.ts';

historyStoreConformance('SQLite in memory', () => openSqliteHistory(':memory:', new ManualClock()));

describe('SQLite history file', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'berth-history-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('keeps what it acknowledged over a restart', async () => {
    const path = join(dir, 'history.db');
    const first = await openSqliteHistory(path, new ManualClock());
    await first.appendLogs('n1', [aBatch(0, 4)]);
    await first.close();
    const second = await openSqliteHistory(path, new ManualClock());
    assert.equal((await second.findStream('u1', 'main'))?.next, 4);
    await second.close();
  });

  it('opens on a full disk, tells what it has, and refuses more', async function () {
    needsRoot(this); // to mount a small disk
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir]);
    try {
      const path = join(dir, 'history.db');
      const first = await openSqliteHistory(path, new ManualClock());
      await first.appendLogs('n1', [aBatch(0, 4)]);
      await first.close();
      await assert.rejects(writeFile(join(dir, 'ballast'), Buffer.alloc(4 * 1024 * 1024)), /ENOSPC/);
      const second = await openSqliteHistory(path, new ManualClock());
      assert.equal((await second.findStream('u1', 'main'))?.next, 4);
      await assert.rejects(second.appendLogs('n1', [aBatch(4, 4)]), /disk is full/);
      await second.close();
    } finally {
      execFileSync('umount', [dir]);
    }
  });

  it('refuses a file that is something else, and leaves it alone', async () => {
    const path = join(dir, 'history.db');
    await writeFile(path, 'not a database at all, but long enough to be looked at'.repeat(50));
    await assert.rejects(openSqliteHistory(path, new ManualClock()), /history file.*history\.db: .*move it away/);
    assert.match(await readFile(path, 'utf8'), /^not a database/);
  });

  it('stays below its cap by removing the oldest batches first', () => {
    const file = new HistoryFile(':memory:');
    const text = Array.from({ length: 200 }, () => Math.random().toString(36)).join('');
    for (let n = 0; n < 1000; n += 1) {
      const lines = [
        {
          time: '2026-01-01T00:00:00.000000000Z',
          stream: 'stdout' as const,
          attempt: 0,
          text: `${n} ${text}${Math.random()}`,
        },
      ];
      file.append('n1', [aBatch(n, 1, { lines })], n);
    }
    while (file.trim(1_000_000, 0));
    const kept = file.page({ uid: 'u1', container: 'main', attempt: 0, sinceTime: '', from: 0 });
    assert.ok(kept.lines.length > 0);
    assert.ok(!kept.lines[0]?.text.startsWith('0 '), 'the first line is gone');
    assert.equal(file.stream('u1', 'main')?.next, 1000);
    file.close();
  });

  it('forgets what is too old', () => {
    const file = new HistoryFile(':memory:');
    file.append('n1', [aBatch(0, 3)], 1000);
    file.append('n1', [aBatch(0, 3, { uid: 'u2' })], 5000);
    file.trim(1_000_000, 2000);
    assert.equal(file.stream('u1', 'main'), undefined);
    assert.equal(file.stream('u2', 'main')?.next, 3);
    file.close();
  });
});
