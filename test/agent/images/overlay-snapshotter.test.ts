import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OverlaySnapshotter } from '../../../agent/images/overlay-snapshotter.ts';
import { type AgentPaths, agentPaths } from '../../../agent/paths.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import { hasReason } from '../../../shared/errors.ts';
import { silentLogger } from '../../../shared/log.ts';
import { aLayer, BadRegistry, type Layer } from './bad-registry.ts';
import { aStore, type TestStore } from './sample-images.ts';

const one = 'container-1' as ContainerId;
const two = 'container-2' as ContainerId;

describe('OverlaySnapshotter', () => {
  let folder = '';
  let paths: AgentPaths;
  let registry: BadRegistry;
  let test: TestStore;
  let snapshots: OverlaySnapshotter;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-snapshots-'));
    // Longer than what fits into mount options, were it not for short links.
    paths = agentPaths(join(folder, 'a-rather-long-name-for-a-data-directory'.repeat(2)), 'node');
    registry = await new BadRegistry().start();
    test = await aStore({ directory: paths.images });
    snapshots = new OverlaySnapshotter({ paths, store: test.store, log: silentLogger });
  });

  afterEach(async () => {
    for (const id of await snapshots.list()) await snapshots.remove(id);
    await test.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
    await rm(paths.run, { recursive: true, force: true });
  });

  async function image(layers: readonly Layer[], tag = '1'): Promise<string> {
    registry.serveImage('app', tag, layers);
    return (await test.store.pull(`${registry.host}/app:${tag}`)).id;
  }

  it('shows the layers as one, writable for each container alone', async () => {
    const id = await image([
      aLayer([
        { name: 'etc/', type: '5' },
        { name: 'etc/kept', content: 'below' },
        { name: 'etc/gone', content: 'below' },
        { name: 'dir/', type: '5' },
        { name: 'dir/hidden', content: 'below' },
      ]),
      aLayer([
        { name: 'etc/.wh.gone' },
        { name: 'etc/new', content: 'above' },
        { name: 'dir/', type: '5' },
        { name: 'dir/.wh..wh..opq' },
        { name: 'dir/seen', content: 'above' },
      ]),
    ]);
    const [first, second] = [await snapshots.prepare(one, id), await snapshots.prepare(two, id)];
    assert.deepEqual((await readdir(join(first, 'etc'))).sort(), ['kept', 'new']);
    assert.deepEqual(await readdir(join(first, 'dir')), ['seen']);
    await writeFile(join(first, 'etc/kept'), 'changed');
    await rm(join(first, 'etc/new'));
    assert.equal(await readFile(join(second, 'etc/kept'), 'utf8'), 'below');
    assert.deepEqual((await readdir(join(second, 'etc'))).sort(), ['kept', 'new']);
    assert.deepEqual((await snapshots.list()).sort(), [one, two]);
    assert.deepEqual((await snapshots.imageConfig(id)).Cmd, ['/bin/sh']);
  });

  it('mounts 128 layers, the same one twice, and none', async () => {
    const many = Array.from({ length: 128 }, (_, index) =>
      aLayer([{ name: `f${index % 127}`, content: `${index % 127}` }]),
    );
    const root = await snapshots.prepare(one, await image(many));
    assert.equal((await readdir(root)).length, 127);
    assert.deepEqual(await readdir(await snapshots.prepare(two, await image([], 'empty'))), []);
    await assert.rejects(image([...many, aLayer([])], 'more'), /129 layers/);
  });

  it('hides all below a layer whose root is opaque', async () => {
    const id = await image([aLayer([{ name: 'below' }]), aLayer([{ name: '.wh..wh..opq' }, { name: 'above' }])]);
    assert.deepEqual(await readdir(await snapshots.prepare(one, id)), ['above']);
  });

  it('unmounts before it removes, and deletes nothing through a mount', async () => {
    const id = await image([aLayer([{ name: 'mnt/', type: '5' }])]);
    const root = await snapshots.prepare(one, id);
    const precious = join(folder, 'precious');
    execFileSync('mkdir', [precious]);
    await writeFile(join(precious, 'file'), 'kept');
    execFileSync('mount', ['--bind', precious, join(root, 'mnt')]);
    await snapshots.remove(one);
    await snapshots.remove(one);
    assert.equal(await readFile(join(precious, 'file'), 'utf8'), 'kept');
    assert.ok(!(await readFile('/proc/self/mountinfo', 'utf8')).includes(folder));
    assert.deepEqual(await snapshots.list(), []);
    assert.deepEqual(await readdir(join(paths.run, 'l')).then((links) => links.length), 1);
  });

  it('keeps the layers of a removed image while a container uses them', async () => {
    const id = await image([aLayer([{ name: 'file', content: 'here' }])]);
    const root = await snapshots.prepare(one, id);
    await test.store.remove(id);
    assert.equal((await test.store.layers.list()).length, 1);
    assert.equal(await readFile(join(root, 'file'), 'utf8'), 'here');
    await assert.rejects(snapshots.prepare(two, id), (error) => hasReason(error, 'NotFound'));
    await snapshots.remove(one);
    assert.deepEqual(await test.store.layers.list(), []);
    assert.deepEqual(await test.store.blobs.list(), []);
    assert.equal(await test.store.usedBytes(), 0);
  });

  it('refuses a second root for a container, and an id that is a path', async () => {
    const id = await image([aLayer([{ name: 'file' }])]);
    await snapshots.prepare(one, id);
    await assert.rejects(snapshots.prepare(one, id), (error) => hasReason(error, 'AlreadyExists'));
    await assert.rejects(snapshots.remove('../images' as ContainerId), (error) => hasReason(error, 'BadRequest'));
  });

  it('finds and removes what another process has made', async () => {
    const id = await image([aLayer([{ name: 'file' }])]);
    const root = await snapshots.prepare(one, id);
    const next = new OverlaySnapshotter({ paths, store: test.store, log: silentLogger });
    assert.deepEqual(await next.list(), [one]);
    await access(join(root, 'file'));
    await next.remove(one);
    await assert.rejects(access(root));
  });
});
