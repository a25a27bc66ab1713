import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { OciImageStore } from '../../../agent/images/oci-image-store.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { aStore, type TestStore } from './sample-images.ts';

const files = [{ name: 'file', content: randomBytes(300_000) }];

describe('many pulls at once', () => {
  let registry: BadRegistry;
  let test: TestStore;
  let store: OciImageStore;
  let name = '';

  beforeEach(async () => {
    registry = await new BadRegistry().start();
    test = await aStore();
    store = test.store;
    name = `${registry.host}/app:1`;
  });

  afterEach(async () => {
    await test.close();
    await registry.close();
  });

  it('uses a second name for content it has, without downloading it again', async () => {
    registry.serveImage('app', '1', [aLayer(files)]);
    registry.serveImage('app', '2', [aLayer(files)]);
    await store.pull(name);
    const before = registry.seen.length;
    await store.pull(`${registry.host}/app:2`);
    await store.pull(name);
    assert.deepEqual(
      registry.seen.slice(before).map(({ path }) => path),
      ['/v2/app/manifests/2', '/v2/app/manifests/1'],
    );
  });

  it('downloads and unpacks once for a hundred pods', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    await Promise.all(Array.from({ length: 100 }, () => store.pull(name)));
    assert.equal(registry.seen.filter(({ path }) => path.endsWith(layers[0] ?? '')).length, 1);
  });

  it('lets one leave without disturbing the others, and stops when all have left', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    let held = true;
    registry.misbehave = (request, response) => {
      if (!held || !request.url?.endsWith(layers[0] ?? '')) return false;
      response.on('close', close);
      response.writeHead(200, { 'content-length': 10 }).flushHeaders();
      reach();
      return true;
    };
    const leaving = new AbortController();
    const pulls = [1, 2].map(() => store.pull(name, { signal: leaving.signal }));
    const gone = Promise.all(pulls.map((pull) => assert.rejects(pull, /left/)));
    await reached;
    leaving.abort(new Error('left'));
    await gone;
    await closed;
    held = false;
    assert.ok((await store.pull(name)).id);
  });

  it('shares one store between processes that pull and remove', async () => {
    const other = await aStore({ directory: test.directory });
    const layers = Array.from({ length: 4 }, (_, index) => aLayer([{ name: `f${index}`, content: randomBytes(2000) }]));
    for (let tag = 0; tag < 6; tag += 1) registry.serveImage('app', String(tag), layers.slice(0, 1 + (tag % 4)));
    const rounds = [store, other.store].map(async (one, lane) => {
      for (let round = 0; round < 12; round += 1) {
        const reference = `${registry.host}/app:${(round * (lane + 1)) % 6}`;
        const { id } = await one.pull(reference).catch((error: unknown) => {
          assert.match(String(error), /was removed while it was pulled/);
          return { id: '' };
        });
        if (id !== '') await assertWhole(one, id);
        if (round % 3 === 2) await one.remove(reference);
      }
    });
    await Promise.all(rounds);
    for (let tag = 0; tag < 6; tag += 1) await store.remove(`${registry.host}/app:${tag}`);
    assert.deepEqual(await store.layers.list(), []);
    assert.deepEqual(await store.blobs.list(), []);
    await other.close();
  });
});

/** An image that has a name now has all its layers. */
async function assertWhole(store: OciImageStore, id: string): Promise<void> {
  const image = await store.catalog.image(id);
  const present = await Promise.all((image?.diffIds ?? []).map((diffId) => store.layers.has(diffId)));
  const isNamed = (await store.find(id)) !== undefined;
  assert.ok(!isNamed || present.every(Boolean), `${id} lacks layers: ${present.join()}`);
}
