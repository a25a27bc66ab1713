import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { link, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { treeBytes } from '../../../agent/host/tree-size.ts';
import { mount, unmount } from '../../../agent/host/mounts.ts';
import { needsRoot } from '../../support/needs.ts';

const mebibyte = 1 << 20;

describe('treeBytes', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-tree-'));
    await mkdir(join(root, 'tree'));
  });
  afterEach(async () => {
    execFileSync('rm', ['-rf', root]); // Node follows paths, and some here are too long
  });

  const tree = (name = ''): string => join(root, 'tree', name);
  const write = (path: string, bytes = mebibyte): Promise<void> => writeFile(path, Buffer.alloc(bytes, 1));
  const measure = (stopAtBytes = Infinity, pause = () => Promise.resolve()): Promise<number> =>
    treeBytes(tree(), { stopAtBytes, pause });
  const inMebibytes = async (): Promise<number> => Math.round((await measure()) / mebibyte);

  it('counts what files take of the disk: holes for nothing, several names once', async () => {
    await mkdir(tree('a/b'), { recursive: true });
    await write(tree('a/b/file'), 2 * mebibyte);
    await link(tree('a/b/file'), tree('a/name'));
    await link(tree('a/b/file'), tree('other'));
    await write(tree('holes'), 0);
    await truncate(tree('holes'), 1 << 30);
    assert.equal(await inMebibytes(), 2);
    const du = Number(execFileSync('du', ['-sk', tree()], { encoding: 'utf8' }).split('\t')[0]);
    assert.equal(Math.round((await measure()) / 1024), du);
  });

  it('counts one file, and nothing for what is not there', async () => {
    await write(tree('file'));
    const options = { stopAtBytes: Infinity, pause: () => Promise.resolve() };
    assert.equal(await treeBytes(tree('file'), options), mebibyte);
    assert.equal(await treeBytes(tree('none'), options), 0);
    assert.equal(await treeBytes(join(tree('file'), 'below'), options), 0);
  });

  it('follows no link and enters no other file system', async function () {
    needsRoot(this);
    await mkdir(join(root, 'outside'));
    await write(join(root, 'outside', 'file'), 8 * mebibyte);
    await symlink(join(root, 'outside'), tree('link'));
    await symlink(join(root, 'outside', 'file'), tree('file'));
    await mkdir(tree('mounted'));
    await mount('tmpfs', tree('mounted'), 'tmpfs', [], 'size=8m');
    try {
      await write(tree('mounted/file'), 4 * mebibyte);
      assert.equal(await inMebibytes(), 0);
    } finally {
      await unmount(tree('mounted'));
    }
  });

  it('ends while directories are moved and become links under it, and leaves no file open', async () => {
    await mkdir(join(root, 'outside'));
    await write(join(root, 'outside', 'file'), 64 * mebibyte);
    for (let at = 0; at < 40; at += 1) {
      await mkdir(tree(`${at}/x/y`), { recursive: true });
      await write(tree(`${at}/x/y/file`), 4096);
    }
    const state = { isOver: false };
    const moving = (async () => {
      for (let at = 0; !state.isOver; at = (at + 1) % 40) {
        await rename(tree(`${at}/x`), tree(`${at}/moved`));
        await symlink(join(root, 'outside'), tree(`${at}/x`));
        await rm(tree(`${at}/x`));
        await rename(tree(`${at}/moved`), tree(`${at}/x`));
      }
    })();
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 20; round += 1) assert.ok((await measure()) < 2 * mebibyte);
    state.isOver = true;
    await moving;
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('counts a tree as infinite that is nested too deep to be measured', async () => {
    const deep = async (name: string, levels: number): Promise<void> => {
      await mkdir(tree(name));
      const script = `for (let i = 0; i < ${levels}; i += 1) { fs.mkdirSync('${name}'.repeat(50)); process.chdir('${name}'.repeat(50)); }`;
      execFileSync(process.execPath, ['-e', script], { cwd: tree(name) });
    };
    await deep('d', 200); // 10,000 characters: no path leads there
    assert.ok((await measure()) < 16 * mebibyte);
    await deep('e', 300);
    assert.equal(await measure(), Infinity);
  });

  it('does a bounded part of the work between two pauses, and none once it knows enough', async () => {
    const files = Array.from({ length: 1000 }, (_none, at) => tree(`file-${at}`));
    for (const file of files) await write(file, 4096);
    let pauses = 0;
    const pause = (): Promise<void> => Promise.resolve(void (pauses += 1));
    await measure(Infinity, pause);
    assert.ok(pauses >= 5 && pauses < 20, `${pauses} pauses`);
    pauses = 0;
    assert.ok((await measure(mebibyte, pause)) <= mebibyte + 8192);
    assert.ok(pauses < 3, `${pauses} pauses`);
    await assert.rejects(
      measure(Infinity, () => Promise.reject(new Error('stopped'))),
      /stopped/,
    );
  });
});
