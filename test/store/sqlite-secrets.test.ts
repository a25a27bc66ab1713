import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { until } from '../support/until.ts';

/** A Secret that holds a text so often that its row takes pages of its own when it is large. */
function secret(name: string, text: string, times: number): KubeObject {
  const data = { key: Buffer.from(text).toString('base64').repeat(times) };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, data } as KubeObject;
}

describe('Secrets that are gone', function () {
  this.timeout(30_000);
  let directory: string;
  let store: StateStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-secrets-'));
    store = await openSqliteStore(join(directory, 'state.db'));
    await store.load();
  });

  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  /** Files of the store in which a text stands. */
  async function filesWith(text: string): Promise<string[]> {
    const wanted = Buffer.from(text).toString('base64');
    const names = await readdir(directory);
    const found = await Promise.all(
      names.map(async (name) => (await readFile(join(directory, name))).includes(wanted)),
    );
    return names.filter((_name, index) => found[index]);
  }

  for (const [size, times] of [
    ['small', 1],
    ['large', 2000],
  ] as const) {
    it(`leave nothing in any file of the store when they are deleted or replaced: ${size}`, async () => {
      const key = (name: string) => ({ resource: 'secrets', namespace: 'default', name }) as const;
      const texts = { deleted: 'bytes of one deleted', old: 'bytes of one replaced', stays: 'bytes of one that stays' };
      for (const name of ['a', 'b', 'c']) await store.create(key(`other-${name}`), secret(name, texts.stays, times));
      const doomed = await store.create(key('doomed'), secret('doomed', texts.deleted, times));
      const changed = await store.create(key('changed'), secret('changed', texts.old, times));
      assert.notDeepEqual(await filesWith(texts.deleted), []);
      await store.update(key('changed'), secret('changed', texts.stays, times), changed);
      await store.delete(key('doomed'), doomed);
      const gone = async (): Promise<boolean> =>
        [...(await filesWith(texts.deleted)), ...(await filesWith(texts.old))].length === 0;
      await until(gone, 'no file has what is gone');
      assert.deepEqual(await filesWith(texts.stays), ['state.db']);
    });
  }
});
