import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { LayerError } from '../../../agent/images/tar-header.ts';
import { LayerBudget, type LayerFacts, rewriteLayer } from '../../../agent/images/tar-rewriter.ts';
import { unpackTar } from '../../../agent/images/unpack.ts';
import { makeTar, type TarItem } from './tar-builder.ts';

const signal = new AbortController().signal;

describe('unpacking a layer', () => {
  let folder = '';
  let root = '';
  let canary = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-unpack-'));
    root = join(folder, 'root');
    canary = join(folder, 'canary');
    await mkdir(root);
    await mkdir(join(canary, 'sub'), { recursive: true });
    await writeFile(join(canary, 'file'), 'untouched');
    await writeFile(join(canary, 'sub', 'file'), 'untouched too');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function unpack(tar: Buffer, limits = { entries: 1000, bytes: 1 << 20 }, pieces = 700): Promise<LayerFacts> {
    const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
    await unpackTar(rewriteLayer(inPieces(tar, pieces), new LayerBudget(limits), facts), root, signal);
    return facts;
  }

  async function refuses(items: TarItem[], pattern: RegExp): Promise<void> {
    await assert.rejects(unpack(makeTar(items)), (error) => {
      assert.ok(error instanceof LayerError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  }

  function xattr(path: string, name: string): string {
    const script = 'import os,sys; print(os.getxattr(sys.argv[1], sys.argv[2], follow_symlinks=False).decode())';
    return execFileSync('python3', ['-c', script, path, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  async function isWhiteout(path: string): Promise<boolean> {
    const found = await lstat(path);
    return found.isCharacterDevice() && found.rdev === 0;
  }

  it('keeps files, links, modes, long names and times', async () => {
    const long = `${'d'.repeat(90)}/${'f'.repeat(150)}`;
    await unpack(
      makeTar([
        { name: 'bin/', type: '5', mode: 0o711 },
        { name: 'bin/tool', content: 'x'.repeat(70_000), mode: 0o4755, pax: { mtime: '1000000000.25' } },
        { name: 'bin/same', type: '1', link: 'bin/tool' },
        { name: 'abs', type: '2', link: '/etc/hosts' },
        { name: long, content: 'long' },
        { name: 'far', type: '2', link: `../${'x'.repeat(200)}` },
        { name: 'pipe', type: '6' },
        { name: 'caf\xc3\xa9', content: 'utf8' },
        { name: 'odd\xff', content: 'not utf8' },
      ]),
    );
    const tool = await stat(join(root, 'bin/tool'));
    assert.equal(tool.mode & 0o7777, 0o4755);
    assert.equal(tool.size, 70_000);
    assert.equal(tool.mtimeMs, 1_000_000_000_250);
    assert.equal((await stat(join(root, 'bin/same'))).ino, tool.ino);
    assert.equal((await stat(join(root, 'bin'))).mode & 0o777, 0o711);
    assert.equal(await readlink(join(root, 'abs')), '/etc/hosts');
    assert.equal(await readlink(join(root, 'far')), `../${'x'.repeat(200)}`);
    assert.equal(await readFile(join(root, long), 'utf8'), 'long');
    assert.ok((await lstat(join(root, 'pipe'))).isFIFO());
    assert.equal(await readFile(join(root, 'café'), 'utf8'), 'utf8');
    const names = await readdir(root, { encoding: 'buffer' });
    assert.ok(names.some((name) => name.equals(Buffer.from('odd\xff', 'latin1'))));
  });

  it('turns whiteouts and opaque directories into those of overlayfs', async () => {
    const facts = await unpack(
      makeTar([
        { name: 'etc/', type: '5', mode: 0o750 },
        { name: 'etc/.wh.passwd' },
        { name: 'etc/file', content: 'new' },
        { name: 'etc/.wh..wh..opq' },
        { name: `${'n'.repeat(120)}/.wh.gone` },
        { name: '.wh..wh.plnk/', type: '5' },
        { name: '.wh..wh.plnk/1.2', content: 'of another file system' },
      ]),
    );
    assert.equal(facts.isOpaqueRoot, false);
    assert.ok(await isWhiteout(join(root, 'etc/passwd')));
    assert.ok(await isWhiteout(join(root, 'n'.repeat(120), 'gone')));
    assert.equal(xattr(join(root, 'etc'), 'trusted.overlay.opaque'), 'y\n');
    assert.equal((await stat(join(root, 'etc'))).mode & 0o777, 0o750);
    assert.equal(await readFile(join(root, 'etc/file'), 'utf8'), 'new');
    assert.deepEqual((await readdir(root)).sort(), ['etc', 'n'.repeat(120)]);
  });

  it('says that the root is opaque, and lets a directory after its whiteout hide what is below', async () => {
    const facts = await unpack(
      makeTar([{ name: '.wh..wh..opq' }, { name: '.wh.a' }, { name: 'a/', type: '5' }, { name: 'a/x' }]),
    );
    assert.equal(facts.isOpaqueRoot, true);
    assert.equal(xattr(join(root, 'a'), 'trusted.overlay.opaque'), 'y\n');
  });

  it('keeps a directory that the same layer whites out', async () => {
    await unpack(makeTar([{ name: 'a/', type: '5' }, { name: 'a/x', content: '1' }, { name: '.wh.a' }]));
    assert.equal(await readFile(join(root, 'a/x'), 'utf8'), '1');
    assert.equal(xattr(join(root, 'a'), 'trusted.overlay.opaque'), 'y\n');
  });

  it('follows links of the layer for names below them, inside the root', async () => {
    await unpack(
      makeTar([
        { name: 'var/', type: '5' },
        { name: 'run/', type: '5' },
        { name: 'var/run', type: '2', link: '/run' },
        { name: 'var/run/x', content: 'through an absolute link' },
        { name: 'lib', type: '2', link: 'usr/lib' },
        { name: 'lib/y', content: 'through a relative link' },
        { name: 'up', type: '2', link: '../../../..' },
        { name: 'up/z', content: 'ends at the root' },
        { name: 'var/run/.wh.old' },
        { name: 'hard', type: '1', link: 'var/run/x' },
      ]),
    );
    assert.equal(await readFile(join(root, 'run/x'), 'utf8'), 'through an absolute link');
    assert.equal(await readFile(join(root, 'usr/lib/y'), 'utf8'), 'through a relative link');
    assert.equal(await readFile(join(root, 'z'), 'utf8'), 'ends at the root');
    assert.equal(await readFile(join(root, 'hard'), 'utf8'), 'through an absolute link');
    assert.ok(await isWhiteout(join(root, 'run/old')));
  });

  it('unpacks what GNU tar packs, in every format, sparse files too', async () => {
    const source = join(folder, 'source');
    await mkdir(join(source, 'deep', 'e'.repeat(90), 'f'.repeat(90)), { recursive: true });
    await writeFile(join(source, 'deep', 'e'.repeat(90), 'f'.repeat(90), 'file'), 'content');
    execFileSync('truncate', ['-s', '3M', join(source, 'sparse')]);
    execFileSync('dd', [`of=${join(source, 'sparse')}`, 'bs=4096', 'seek=300', 'conv=notrunc', 'status=none'], {
      input: 'y'.repeat(5000),
    });
    for (const format of [['gnu'], ['posix'], ['gnu', '-S'], ['posix', '-S', '--sparse-version=1.0']]) {
      await rm(root, { recursive: true });
      await mkdir(root);
      const [name = '', ...more] = format;
      const tar = execFileSync('tar', ['-cf', '-', `--format=${name}`, ...more, '-C', source, '.'], {
        maxBuffer: 1 << 24,
      });
      await unpack(tar, { entries: 100, bytes: 1 << 24 });
      execFileSync('diff', ['-r', source, root]);
    }
  });

  it('refuses names that lead out', async () => {
    await refuses([{ name: '../x' }], /holds ".."/);
    await refuses([{ name: 'a/../../x' }], /holds ".."/);
    await refuses([{ name: 'x', type: '1', link: '../canary/file' }], /holds ".."/);
    await refuses([{ name: 'a', pax: { path: 'b/../../c' } }], /holds ".."/);
    await refuses([{ name: 'x', type: '1', link: '/' }], /leads to the root/);
    await refuses([{ name: '.', type: '2', link: '/etc' }], /in the place of the root/);
    await refuses([{ name: '.wh.' }], /whites out nothing/);
    await refuses([{ name: 'a/.wh...' }], /whites out nothing/);
    await refuses([{ name: 'x'.repeat(300) }], /longer than 255/);
    await refuses([{ name: 'l', type: '2', link: 'l' }, { name: 'l/x' }], /too many links/);
  });

  it('refuses what is damaged or unknown', async () => {
    await refuses([{ name: 'x', type: 'M' }], /unknown type/);
    await refuses([{ name: 'd/', type: '0', content: 'x' }], /has content/);
    await assert.rejects(unpack(Buffer.from('x'.repeat(512))), /damaged number|wrong checksum/);
    await assert.rejects(unpack(makeTar([{ name: 'x', content: 'y'.repeat(2000) }]).subarray(0, 1024)), /cut off/);
    await assert.rejects(unpack(makeTar([{ name: 'x', pax: {}, type: 'x', content: '99 a=b\n' }])), /damaged/);
    const lone = Buffer.concat([Buffer.alloc(512), makeTar([{ name: 'x' }])]);
    await assert.rejects(unpack(lone), /goes on after its end/);
  });

  it('does not let sizes be read in two ways', async () => {
    const hidden = makeTar([{ name: `${canary}/file`, content: 'stolen' }], Buffer.alloc(0));
    await unpack(makeTar([{ name: 'link', type: '2', link: 'x', size: 0, pax: { size: String(hidden.length) } }]));
    await refuses([{ name: 'a', pax: { 'GNU.sparse.major': '0', 'GNU.sparse.minor': '1' } }], /old format/);
    const map = Buffer.from('1\n0\n4096\n'.padEnd(512, '\0'));
    const records = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '4096' };
    await refuses([{ name: 'a', content: map, pax: { ...records, 'GNU.sparse.name': 'a' } }], /does not fit/);
    const oldMap = Buffer.from('00000000000\x0000000010000\0');
    const magic = Buffer.from('ustar  \0');
    await refuses([{ name: 's', type: 'S', content: 'x', patch: { 257: magic, 386: oldMap } }], /does not fit/);
    assert.equal(await readFile(join(canary, 'file'), 'utf8'), 'untouched');
  });

  it('does not hand orders for overlayfs from a layer to the kernel', async () => {
    const pax = {
      'SCHILY.xattr.trusted.overlay.redirect': '/etc',
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.user.note': 'kept',
    };
    await unpack(makeTar([{ name: 'd/', type: '5', pax }]));
    assert.equal(xattr(join(root, 'd'), 'user.note'), 'kept\n');
    assert.throws(() => xattr(join(root, 'd'), 'trusted.overlay.redirect'));
    assert.throws(() => xattr(join(root, 'd'), 'trusted.overlay.opaque'));
  });

  it('reads damaged archives to an end, or says what is damaged', async () => {
    const good = makeTar([
      { name: 'd/', type: '5' },
      { name: 'd/file', content: 'x'.repeat(600), pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b' } },
      { name: 'y'.repeat(120), type: '2', link: 'd' },
    ]);
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, fc.integer({ min: 1, max: 2000 }), async (changes, pieces) => {
        const bad = Buffer.from(good);
        for (const [at, value] of changes) bad[at] = value;
        const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
        const budget = new LayerBudget({ entries: 1000, bytes: 1 << 20 });
        try {
          for await (const piece of rewriteLayer(inPieces(bad, pieces), budget, facts)) assert.ok(piece.length > 0);
        } catch (error) {
          assert.ok(error instanceof LayerError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('writes nothing outside the root, whatever links and names it is given', async () => {
    const places = ['a', 'b', 'a/b', 'a/file', 'b/sub/file', 'a/b/file', './a', '/a/sub', 'b'];
    const targets = [canary, `${canary}/sub`, '../canary', '../../canary', 'a', 'b', '/', '..', `${canary}/file`];
    const item = fc.record({
      name: fc.constantFrom(...places, ...targets.map((target) => `${target}/file`)),
      type: fc.constantFrom('0', '1', '2', '3', '5', '6'),
      link: fc.constantFrom(...targets, ...places),
      content: fc.constant('stolen'),
      mode: fc.constant(0o777),
    });
    const before = await fingerprint(canary);
    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 2, maxLength: 7 }), async (items) => {
        await rm(root, { recursive: true });
        await mkdir(root);
        const sound = items.map((one) => ('0' === one.type ? one : { ...one, content: '' }));
        await unpack(makeTar(sound)).catch((error: unknown) => assert.ok(error instanceof LayerError, String(error)));
        assert.equal(await fingerprint(canary), before);
        assert.deepEqual((await readdir(folder)).sort(), ['canary', 'root']);
      }),
      { numRuns: 150 },
    );
  });
});

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Names, kinds, owners, modes, times and content of a tree. */
async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['', ...(await readdir(folder, { recursive: true })).sort()]) {
    const path = join(folder, name);
    const { mode, uid, gid, size, mtimeMs, nlink, ino } = await lstat(path);
    hash.update(JSON.stringify([name, mode, uid, gid, size, mtimeMs, nlink, ino]));
    if ((await lstat(path)).isFile()) hash.update(await readFile(path));
  }
  return hash.digest('hex');
}
