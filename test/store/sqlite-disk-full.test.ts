import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { needsRoot } from '../support/needs.ts';

const keyOf = (name: string): { resource: string; namespace: string; name: string } => ({
  resource: 'configmaps',
  namespace: 'default',
  name,
});
const big = (name: string): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(20_000) } }) as KubeObject;
const isRefused = (error: unknown): boolean => hasReason(error, 'ServiceUnavailable');

describe('SQLite state file on a small disk', () => {
  let folder: string;
  before(async function () {
    needsRoot(this); // to mount a small disk
    folder = await mkdtemp(join(tmpdir(), 'berth-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]);
  });
  after(async () => {
    if (folder === undefined) return;
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses writes with a reason, loses none, and goes on when there is space again', async () => {
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, Buffer.alloc(4 * 1024 * 1024));
    const store = await openSqliteStore(join(folder, 'state.db'), { reserveBytes: 0 });
    await store.load();
    let stored = 0;
    await assert.rejects(async () => {
      for (; ; stored += 1) await store.create(keyOf(`n${stored}`), big(`n${stored}`));
    }, isRefused);
    assert.equal((await store.load()).objects.length, stored);
    await rm(ballast);
    await store.create(keyOf('later'), big('later'));
    assert.equal((await store.load()).objects.length, stored + 1);
    await store.close();
  });

  it('deletes while writes are refused, and then writes again', async () => {
    const store = await openSqliteStore(join(folder, 'reserved.db'), { reserveBytes: 2 * 1024 * 1024 });
    await store.load();
    const versions: number[] = [];
    await assert.rejects(async () => {
      for (;;) versions.push(await store.create(keyOf(`n${versions.length}`), big(`n${versions.length}`)));
    }, isRefused);
    await Promise.all(versions.map((version, at) => store.delete(keyOf(`n${at}`), version)));
    await store.create(keyOf('again'), big('again'));
    await store.close();
  });

  it('opens and deletes when others have left no byte, by what it held back', async () => {
    const [path, ballast] = [join(folder, 'held.db'), join(folder, 'ballast')];
    for (const name of await readdir(folder)) await rm(join(folder, name));
    const options = { reserveBytes: 2 * 1024 * 1024 };
    const store = await openSqliteStore(path, options);
    const versions: number[] = [];
    for (const name of ['a', 'b', 'c']) versions.push(await store.create(keyOf(name), big(name)));
    await store.close();
    assert.throws(() => {
      for (;;) appendFileSync(ballast, Buffer.alloc(4096));
    }, /ENOSPC/);
    const held = statSync(`${path}-reserve`).size;
    const again = await openSqliteStore(path, options);
    assert.equal((await again.load()).objects.length, 3);
    await Promise.all(['a', 'b', 'c'].map((name, at) => again.delete(keyOf(name), versions[at] ?? 0)));
    assert.equal((await again.load()).objects.length, 0);
    await again.close();
    assert.ok(statSync(`${path}-reserve`).size < held);
    await rm(ballast);
    const later = await openSqliteStore(path, options);
    await later.create(keyOf('later'), big('later'));
    assert.equal(statSync(`${path}-reserve`).size, held);
    await later.close();
  });

  it('stores what nodes report while every other write is refused, of one batch and of many, without a byte left', async () => {
    const [path, ballast] = [join(folder, 'reports.db'), join(folder, 'ballast')];
    for (const name of await readdir(folder)) await rm(join(folder, name));
    const store = await openSqliteStore(path, { reserveBytes: 2 * 1024 * 1024 });
    const reported = ['pods', 'nodes', 'leases.coordination.k8s.io', 'endpointslices.discovery.k8s.io'];
    const keys = reported.map((resource) => ({ resource, namespace: '', name: 'a' }));
    const versions = await Promise.all(keys.map((key) => store.create(key, big('a'))));
    const other = await store.create(keyOf('other'), big('other'));
    // As a container that goes on writing: what becomes free is gone at once.
    const fill = (): void => {
      assert.throws(() => {
        for (;;) appendFileSync(ballast, Buffer.alloc(4096));
      }, /ENOSPC/);
    };
    for (let round = 0; round < 5; round += 1) {
      fill();
      const object = { ...big('a'), status: { round } } as KubeObject;
      const [refused, created, grown, ...written] = await Promise.allSettled([
        store.update(keyOf('other'), object, other),
        store.create(keyOf(`n${round}`), object),
        store.update(keys[0]!, { ...object, data: 'x'.repeat(60_000) } as KubeObject, versions[0]!),
        ...keys.map((key, at) => store.update(key, object, versions[at]!)),
      ]);
      for (const { status, reason } of [refused, created, grown] as PromiseRejectedResult[]) {
        assert.ok(status === 'rejected' && isRefused(reason));
      }
      written.forEach((result, at) => {
        assert.equal(result.status, 'fulfilled');
        versions[at] = (result as PromiseFulfilledResult<number>).value;
      });
    }
    await store.close();
    const again = await openSqliteStore(path, { reserveBytes: 2 * 1024 * 1024 });
    const { objects } = await again.load();
    const rounds = objects.map(({ object }) => (object as { status?: { round: number } }).status?.round);
    assert.deepEqual([rounds.length, rounds.filter((round) => round === 4).length], [5, 4]);
    await again.close();
  });
});
