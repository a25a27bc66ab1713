import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { archiveKind, importArchive } from '../../../agent/images/import-archive.ts';
import { importRootfs } from '../../../agent/images/import.ts';
import { pushImage } from '../../../agent/images/push.ts';
import { needsRegistry, type RealRegistry, startRegistry } from './real-registry.ts';
import { aStore, busyboxFiles, publish, type TestStore } from './sample-images.ts';
import { makeTar } from './tar-builder.ts';
import { needs } from '../../support/needs.ts';

const skopeo = '/usr/bin/skopeo';
const signal = new AbortController().signal;

describe('pushing and importing images', () => {
  let registry: RealRegistry;
  let test: TestStore;
  let folder = '';

  before(async function () {
    needsRegistry(this);
    registry = await startRegistry();
  });

  after(() => registry?.close());

  beforeEach(async () => {
    test = await aStore();
    folder = await mkdtemp(join(tmpdir(), 'berth-import-'));
  });

  afterEach(async () => {
    await test.close();
    await rm(folder, { recursive: true, force: true });
  });

  function runSkopeo(...words: string[]): string {
    return execFileSync(skopeo, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('pushes so that others can read it, and pulls what others push', async function () {
    needs(this, existsSync(skopeo), 'skopeo');
    const name = `${registry.host}/ours:1`;
    const digest = await publish(name, await busyboxFiles());
    const seen = JSON.parse(runSkopeo('inspect', '--tls-verify=false', `docker://${name}`)) as { Digest: string };
    assert.equal(seen.Digest, digest);
    const theirs = `${registry.host}/theirs:1`;
    for (const [format, tag] of [
      ['v2s2', 'docker'],
      ['oci', 'zstd'],
    ] as const) {
      const how = tag === 'zstd' ? ['--dest-compress-format', 'zstd', '--dest-compress'] : [];
      const copy = ['copy', '-q', '--format', format, ...how, '--src-tls-verify=false', '--dest-tls-verify=false'];
      runSkopeo(...copy, `docker://${name}`, `docker://${theirs}${tag}`);
      const image = await test.store.pull(`${theirs}${tag}`);
      const [diffId = ''] = (await test.store.catalog.image(image.id))?.diffIds ?? [];
      const shell = await readFile(join(test.store.layout.layerFiles(diffId), 'bin/busybox'));
      assert.ok(shell.equals(await readFile('/bin/busybox')));
      assert.equal(image.user, '1000');
      await test.store.remove(image.id);
    }
  });

  it('takes in layouts, docker archives and root file systems, as files or folders', async function () {
    needs(this, existsSync(skopeo), 'skopeo');
    const name = `${registry.host}/archived:1`;
    await publish(name, await busyboxFiles());
    const from = ['copy', '-q', '--src-tls-verify=false', `docker://${name}`];
    const [layout, layoutTar, dockerTar] = [join(folder, 'oci'), join(folder, 'oci.tar'), join(folder, 'docker.tar')];
    runSkopeo(...from, `oci:${layout}:named.example/a:1`);
    runSkopeo(...from, `oci-archive:${layoutTar}:named.example/b:1`);
    runSkopeo(...from, `docker-archive:${dockerTar}:named.example/c:1`);
    const ids = new Set<string>();
    for (const [path, expected] of [
      [layout, 'a'],
      [layoutTar, 'b'],
      [dockerTar, 'c'],
    ] as const) {
      const [record] = await importArchive(test.store, path);
      assert.ok(record?.references.includes(`named.example/${expected}:1`), record?.references.join());
      ids.add(record?.id ?? '');
    }
    assert.equal(ids.size, 1);
    assert.equal(await archiveKind(layoutTar, signal), 'layout');
    assert.equal(await archiveKind(dockerTar, signal), 'docker');
    const rootfs = join(folder, 'rootfs.tar');
    await writeFile(rootfs, makeTar(await busyboxFiles()));
    assert.equal(await archiveKind(rootfs, signal), 'rootfs');
    const [again] = await importArchive(test.store, layout, { reference: 'mine:2' });
    assert.ok(again?.references.includes('docker.io/library/mine:2'));
    await pushImage(test.store, (await retag('named.example/c:1', `${registry.host}/pushed:1`)) ?? '');
    assert.ok(runSkopeo('inspect', '--tls-verify=false', `docker://${registry.host}/pushed:1`));
  });

  async function retag(from: string, to: string): Promise<string> {
    await test.store.tag(from, to);
    return to;
  }

  it('sends large layers in pieces and takes known ones from a repository beside', async function () {
    this.timeout(60_000);
    const large = Buffer.alloc(70 << 20);
    for (let at = 0; at < large.length; at += 997) large[at] = at * 31;
    const name = `${registry.host}/large:1`;
    const noise = await import('node:crypto').then(({ randomBytes }) => randomBytes(40 << 20));
    const tar = makeTar([
      { name: 'noise', content: noise },
      { name: 'large', content: large },
    ]);
    const image = await importRootfs(test.store, Readable.from([tar]), { reference: name });
    const seen: number[] = [];
    await pushImage(test.store, name, { onProgress: ({ doneBytes }) => seen.push(doneBytes) });
    assert.ok(seen.length > 2 && seen.every((bytes, index) => index === 0 || bytes >= (seen[index - 1] ?? 0)));
    await retag(name, `${registry.host}/beside:1`);
    await pushImage(test.store, `${registry.host}/beside:1`);
    await test.store.remove(image.id);
    assert.equal((await test.store.pull(`${registry.host}/beside:1`)).id, image.id);
  });

  it('refuses what is no archive, leads out of it or has no name', async () => {
    const file = join(folder, 'x.tar');
    await writeFile(file, makeTar([{ name: 'readme', content: 'x' }]));
    await assert.rejects(importArchive(test.store, file), /neither an OCI layout/);
    const entry = [{ Config: 'config', RepoTags: ['a:1'], Layers: ['layer'] }];
    const out = { name: 'config', type: '2', link: '/etc/hostname' };
    await writeFile(file, makeTar([{ name: 'manifest.json', content: JSON.stringify(entry) }, out, { name: 'layer' }]));
    await assert.rejects(importArchive(test.store, file), /leads out of the archive/);
    await mkdir(join(folder, 'empty'));
    await assert.rejects(importArchive(test.store, join(folder, 'empty')), /neither an OCI layout/);
    await assert.rejects(pushImage(test.store, 'nothing:1'), /no image of this name here/);
    const tar = Readable.from([makeTar([])]);
    await assert.rejects(importRootfs(test.store, tar, { reference: `a@sha256:${'0'.repeat(64)}` }), /give it a tag/);
  });
});
