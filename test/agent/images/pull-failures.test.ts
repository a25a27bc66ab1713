import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { zstdCompressSync } from 'node:zlib';
import { ImageError, type ImageFailure } from '../../../agent/images/image-service.ts';
import type { OciImageStore } from '../../../agent/images/oci-image-store.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { aStore, type TestStore } from './sample-images.ts';
import { makeTar } from './tar-builder.ts';
import { until } from '../../support/until.ts';

/** Pauses between tries are so much shorter. */
const fast = 20;
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * fast,
  sleep: (ms, signal) => systemClock.sleep(ms / fast, signal),
};
const files = [{ name: 'file', content: randomBytes(300_000) }];

describe('pulling from a registry that misbehaves', () => {
  let registry: BadRegistry;
  let test: TestStore;
  let store: OciImageStore;
  let name = '';

  beforeEach(async () => {
    registry = await new BadRegistry().start();
    test = await aStore({ clock, progressTimeoutMs: 300, maxWaitMs: 2000, limits: { entries: 100, bytes: 4 << 20 } });
    store = test.store;
    name = `${registry.host}/app:1`;
  });

  afterEach(async () => {
    await test.close();
    await registry.close();
  });

  async function refuses(failure: ImageFailure, pattern: RegExp, reference = name): Promise<void> {
    await assert.rejects(store.pull(reference), (error) => {
      assert.ok(error instanceof ImageError, String(error));
      assert.match(error.message, pattern);
      assert.equal(error.failure, failure);
      return true;
    });
    assert.deepEqual(await store.list(), []);
    await until(async () => (await readdir(store.layout.temporary)).length === 0, 'nothing half done is left');
    assert.deepEqual(await readdir(store.layout.claims), []);
  }

  it('resumes what was cut off, where it was cut off', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    const path = `/v2/app/blobs/${layers[0] ?? ''}`;
    let cuts = 0;
    registry.misbehave = (request, response) => {
      if (request.url !== path || cuts >= 2) return false;
      const body = registry.body(path);
      const start = Number(/=(\d+)/.exec(request.headers.range ?? '=0')?.[1]);
      cuts += 1;
      const headers = { 'content-length': body.length - start, 'content-range': `bytes ${start}-${body.length - 1}/*` };
      response.writeHead(start === 0 ? 200 : 206, headers);
      response.write(body.subarray(start, start + 100_000), () => response.socket?.end());
      return true;
    };
    assert.ok((await store.pull(name)).id);
    const ranges = registry.seen.filter((one) => one.path === path).map(({ range }) => range);
    assert.equal(ranges.length, 3);
    for (const range of ranges.slice(1)) assert.match(range ?? '', /^bytes=[1-9]\d*-$/);
  });

  it('starts over where ranges are not understood, and gives up without progress', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    const path = `/v2/app/blobs/${layers[0] ?? ''}`;
    const body = registry.body(path);
    let cuts = 0;
    registry.misbehave = (request, response) => {
      if (request.url !== path) return false;
      cuts += 1;
      response.writeHead(200, { 'content-length': body.length });
      if (cuts === 1) response.write(body.subarray(0, 5000), () => response.destroy());
      else response.end(body);
      return true;
    };
    assert.ok((await store.pull(name)).id);
    await store.remove(name);
    registry.misbehave = (request, response) => {
      if (request.url !== path) return false;
      response.writeHead(200, { 'content-length': body.length }).flushHeaders();
      setImmediate(() => response.destroy());
      return true;
    };
    await refuses('RegistryUnavailable', /cannot reach registry/);
  });

  it('goes on with a slow blob and cuts one that stalls', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    const path = `/v2/app/blobs/${layers[0] ?? ''}`;
    let opened = 0;
    registry.misbehave = async (request, response) => {
      if (request.url !== path) return false;
      opened += 1;
      const body = registry.body(path);
      const start = Number(/=(\d+)/.exec(request.headers.range ?? '=0')?.[1]);
      const headers = { 'content-length': body.length - start, 'content-range': `bytes ${start}-${body.length - 1}/*` };
      response.writeHead(start === 0 ? 200 : 206, headers);
      if (opened === 1) {
        for (let at = 0; at < 8000; at += 1000) {
          response.write(body.subarray(at, at + 1000));
          await new Promise((resolve) => setTimeout(resolve, 80));
        }
        return true; // and says nothing more
      }
      response.end(body.subarray(start));
      return true;
    };
    assert.ok((await store.pull(name)).id);
    assert.equal(opened, 2);
    assert.equal(registry.seen.at(-1)?.range, 'bytes=8000-');
  });

  it('refuses content that is not what its digest says, and keeps nothing of it', async () => {
    const { layers } = registry.serveImage('app', '1', [aLayer(files)]);
    const path = `/v2/app/blobs/${layers[0] ?? ''}`;
    const body = Buffer.from(registry.body(path));
    body[1000] = (body[1000] ?? 0) ^ 1;
    registry.serve(path, body);
    await refuses('ErrImagePull', /the content of sha256:\w+ is another/);
    registry.serve(path, Buffer.concat([body, Buffer.alloc(100)]));
    await refuses('ErrImagePull', /larger than the \d+ bytes announced/);
    assert.ok(!(await store.blobs.list()).includes(layers[0] ?? ''));
  });

  it('refuses a layer whose content is not what the config says', async () => {
    const layer = aLayer(files);
    registry.serveImage('app', '1', [layer], { diffIds: [`sha256:${'0'.repeat(64)}`] });
    await refuses('ErrImagePull', /the image config wants sha256:0000/);
    registry.serveImage('app', '1', [layer], { diffIds: [] });
    await refuses('ErrImagePull', /has 1 layers, the image config names 0/);
  });

  it('refuses bombs within their limits', async () => {
    registry.serveImage('app', '1', [aLayer([{ name: 'zeros', content: Buffer.alloc(8 << 20) }])]);
    await refuses('ErrImagePull', /unpacks to more than 4194304 bytes/);
    registry.serveImage('app', '1', [aLayer(Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` })))]);
    await refuses('ErrImagePull', /more than 100 files/);
    const half = Array.from({ length: 60 }, (_, index) => ({ name: `f${index}` }));
    registry.serveImage('app', '1', [aLayer(half), aLayer([...half, { name: 'more' }])]);
    await refuses('ErrImagePull', /more than 100 files/);
  });

  it('refuses 30 GiB of zeros before any of them is unpacked', async () => {
    const frameBytes = 64 << 20;
    const frame = zstdCompressSync(Buffer.alloc(frameBytes));
    const size = 30 * 1024 ** 3;
    const head = zstdCompressSync(makeTar([{ name: 'zeros', size }], Buffer.alloc(0)));
    const blob = Buffer.concat([head, ...Array.from({ length: size / frameBytes }, () => frame)]);
    assert.ok(blob.length < 4 << 20, `${blob.length} bytes`);
    const unlimited = await aStore({ clock });
    try {
      registry.serveImage('app', '1', [{ tar: blob, blob }]);
      await assert.rejects(unlimited.store.pull(name), /unpacks to more than 21474836480 bytes/);
      assert.deepEqual(await readdir(unlimited.store.layout.layers), []);
    } finally {
      await unlimited.close();
    }
  });

  it('asks for no layer of an image that has too many', async () => {
    const empty = aLayer([]);
    registry.serveImage(
      'app',
      '1',
      Array.from({ length: 129 }, () => empty),
    );
    await refuses('ErrImagePull', /has 129 layers, at most 128 can be mounted/);
    assert.ok(registry.seen.every(({ path }) => !path.includes('/blobs/')));
  });

  it('refuses manifests that are damaged, too large, of another kind or of two kinds', async () => {
    const serve = (body: string, type = 'application/vnd.oci.image.manifest.v1+json'): void =>
      registry.serve('/v2/app/manifests/1', Buffer.from(body), type);
    serve('<html>', 'text/html');
    await refuses('ErrImagePull', /is not JSON/);
    serve('[]');
    await refuses('ErrImagePull', /not a JSON object/);
    serve(JSON.stringify({ pad: 'x'.repeat(5 << 20) }));
    await refuses('ErrImagePull', /larger than 4194304 bytes/);
    serve(JSON.stringify({ schemaVersion: 1, fsLayers: [] }));
    await refuses('ErrImagePull', /old schema 1/);
    serve(JSON.stringify({ config: {}, layers: [], manifests: [] }));
    await refuses('ErrImagePull', /also an index/);
    registry.serveImage('app', '1', [], { contentType: 'application/vnd.oci.image.index.v1+json' });
    await refuses('ErrImagePull', /it calls itself/);
    const config = {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      digest: `sha256:${'a'.repeat(64)}`,
      size: 2,
    };
    registry.serveImage('app', '1', [], { manifest: { config } });
    await refuses('ErrImagePull', /not a container image/);
    registry.serveImage('app', '1', [], { architecture: 's390x' });
    await refuses('ErrImagePull', /is for linux\/s390x, this node is linux/);
  });

  it('chooses from an index and says what there is when nothing fits', async () => {
    const { digest, size } = registry.serveImage('app', 'one', [aLayer(files)]);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const entry = (architecture: string, os = 'linux'): unknown => ({
      mediaType,
      digest,
      size,
      platform: { os, architecture },
    });
    const serveIndex = (manifests: unknown[]): void => {
      const body = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
      registry.serve('/v2/app/manifests/1', body, 'application/vnd.oci.image.index.v1+json');
    };
    serveIndex([entry('arm64'), entry('s390x'), entry('unknown', 'unknown')]);
    await refuses('ErrImagePull', /only for linux\/arm64, linux\/s390x/);
    serveIndex([entry('unknown', 'unknown'), entry('amd64')]);
    assert.ok((await store.pull(name)).id);
  });

  it('says what a registry answered and what to do', async () => {
    const answer = (status: number, message = 'because'): void => {
      registry.misbehave = (_request, response) => {
        response.writeHead(status).end(JSON.stringify({ errors: [{ code: 'CODE', message }] }));
        return true;
      };
    };
    answer(401);
    await refuses('ErrImagePull', /answered 401 \(CODE: because\); log in/);
    answer(403);
    await refuses('ErrImagePull', /answered 403 .* do not allow/);
    answer(404);
    await refuses('ErrImagePull', /answered 404 .* check the name/);
    answer(418, 'evil\u001b[31m\nline');
    await refuses('ErrImagePull', /answered 418 \(CODE: evil \[31m line\)/);
  });

  it('waits as told for all pulls of that registry, and not at all when told to wait for long', async () => {
    registry.serveImage('app', '1', [aLayer(files)]);
    registry.serveImage('b', '1', [aLayer(files)]);
    const started = performance.now();
    registry.misbehave = (_request, response) => {
      if (performance.now() - started > 900 / fast) return false;
      response.writeHead(429, { 'retry-after': '1' }).end();
      return true;
    };
    await Promise.all([store.pull(name), store.pull(`${registry.host}/b:1`)]);
    assert.ok(registry.seen.length <= 2 + 2 * 3, `${registry.seen.length} requests`);
    await store.remove(name);
    await store.remove(`${registry.host}/b:1`);
    registry.misbehave = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    await refuses('RegistryUnavailable', /answered 429|asked to wait/);
    const before = registry.seen.length;
    await refuses('RegistryUnavailable', /asked to wait, \d+ s are left/);
    assert.equal(registry.seen.length, before);
  });

  it('tries again after errors of the server, and says so in the end', async () => {
    registry.misbehave = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    await refuses('RegistryUnavailable', /answered 503; the registry has a problem/);
    assert.equal(registry.seen.length, 4);
  });

  it('names the cause when nothing answers', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await refuses('RegistryUnavailable', /accepted the request and did not answer/, `127.0.0.1:${port}/app:1`);
    silent.close();
    await refuses('RegistryUnavailable', /connection refused/, '127.0.0.1:1/app:1');
    const tls = await aStore({
      registries: new Map([[registry.host, { mirrors: [], skipVerify: false, plainHttp: false }]]),
    });
    await assert.rejects(tls.store.pull(name), /does not speak TLS: set plainHttp/);
    await tls.close();
  });
});
