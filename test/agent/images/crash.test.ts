import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { aStore } from './sample-images.ts';

const program = join(import.meta.dirname, 'pull-and-wait.ts');

describe('a process killed while it pulls', () => {
  let registry: BadRegistry;
  let directory = '';

  beforeEach(async () => {
    registry = await new BadRegistry().start();
    directory = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  });

  afterEach(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Kills it after it has been told so; false when it was done before. */
  async function killed(when: Promise<unknown>, name: string): Promise<boolean> {
    const child = spawn(process.execPath, [program, directory, name], { stdio: ['ignore', 'ignore', 'inherit'] });
    const exited = once(child, 'exit');
    await Promise.race([when, exited]);
    child.kill('SIGKILL');
    await exited;
    return child.signalCode === 'SIGKILL';
  }

  it('leaves its download to the next one, which goes on with it', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer([{ name: 'file', content: randomBytes(400_000) }])]);
    const path = `/v2/app/blobs/${layers[0] ?? ''}`;
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    registry.misbehave = (request, response) => {
      if (request.url !== path || request.headers.range !== undefined) return false;
      const body = registry.body(path);
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 200_000));
      reach();
      return true;
    };
    const written = reached.then(() => untilPart(join(directory, 'blobs', 'sha256'), 190_000));
    assert.ok(await killed(written, `${registry.host}/app:1`));
    const { store, close } = await aStore({ directory });
    assert.deepEqual(await store.list(), []);
    await store.pull(`${registry.host}/app:1`);
    assert.match(registry.seen.at(-1)?.range ?? '', /^bytes=\d{6}-$/);
    assert.deepEqual(
      (await readdir(store.layout.blobs)).filter((name) => name.includes('part')),
      [],
    );
    await close();
  });

  it('never leaves half an image, whenever it was killed', async function () {
    this.timeout(60_000);
    const content = randomBytes(40_000);
    const layers = Array.from({ length: 3 }, (_, layer) =>
      aLayer(Array.from({ length: 100 }, (_, index) => ({ name: `l${layer}/f${index}`, content }))),
    );
    registry.serveImage('app', '1', layers);
    const name = `${registry.host}/app:1`;
    let interrupted = 0;
    for (let round = 0; round < 8; round += 1) {
      const requests = registry.seen.length;
      const begun = until(() => registry.seen.length > requests, 'it has asked', { everyMs: 5 });
      const moment = begun.then(() => new Promise((resolve) => setTimeout(resolve, round * 40)));
      if (await killed(moment, name)) interrupted += 1;
      const { store, close } = await aStore({ directory });
      for (const { id } of await store.list()) {
        const image = await store.catalog.image(id);
        for (const diffId of image?.diffIds ?? []) {
          const files = await readdir(store.layout.layerFiles(diffId), { recursive: true });
          assert.equal(files.length, 101);
          for (const file of files.filter((one) => one.includes('/'))) {
            assert.ok((await readFile(join(store.layout.layerFiles(diffId), file))).equals(content));
          }
        }
      }
      assert.deepEqual(await readdir(store.layout.claims), []);
      assert.equal((await readdir(store.layout.drafts)).length, 1);
      if (round % 2 === 1) await store.remove(name);
      await close();
    }
    assert.ok(interrupted > 0, 'it was never interrupted');
    const { store, close } = await aStore({ directory });
    assert.ok((await store.pull(name)).id);
    await close();
  });
});

async function untilPart(folder: string, bytes: number): Promise<void> {
  const isWritten = async (): Promise<boolean> => {
    const part = (await readdir(folder)).find((name) => name.endsWith('.part'));
    return part !== undefined && (await readFile(join(folder, part))).length >= bytes;
  };
  await until(isWritten, 'enough is downloaded', { everyMs: 5 });
}
