import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnChild } from '../../../agent/host/run.ts';
import { limitsConditions } from '../../../agent/node/limits-condition.ts';
import { hierarchiesIn } from '../../../agent/runtime/oci/cgroup-mounts.ts';
import { Cgroups } from '../../../agent/runtime/oci/cgroups.ts';

/** Directories that look like cgroup file systems: what is written into them, and what is read, can be seen. */
describe('cgroups', () => {
  let root = '';

  const lay = async (files: Record<string, string>): Promise<void> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), text);
    }
  };
  const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
  const version2 = (): Cgroups => new Cgroups({ isVersion2: true, roots: new Map([['', root]]) });
  const version1 = (...names: string[]): Cgroups =>
    new Cgroups({ isVersion2: false, roots: new Map(names.map((name) => [name, join(root, name)])) });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-cgroups-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  it('v2: passes controllers on from the top down, and tells which have arrived', async () => {
    await lay({
      'cgroup.subtree_control': '',
      'berth/cgroup.subtree_control': '',
      'berth/a/cgroup.controllers': 'cpuset cpu pids\n',
    });
    const { controllers, hasSwapAccounting } = await version2().prepare('/berth/a');
    assert.deepEqual([...controllers], ['cpuset', 'cpu', 'pids']);
    assert.equal(hasSwapAccounting, false);
    // A real one takes each write for itself; a file keeps the last.
    assert.match(await read('cgroup.subtree_control'), /^\+(pids|memory|cpu)/);
    assert.match(await read('berth/cgroup.subtree_control'), /^\+(pids|memory|cpu)/);
  });

  it('v2: knows whether swap can be limited', async () => {
    await lay({ 'berth/a/cgroup.controllers': 'memory\n', 'berth/a/memory.swap.max': 'max\n' });
    assert.equal((await version2().prepare('/berth/a')).hasSwapAccounting, true);
  });

  it('v2: limits nothing where a cgroup above refuses', async () => {
    await lay({ 'berth/a/cgroup.controllers': '\n' });
    const { controllers } = await version2().prepare('/berth/a');
    assert.ok(!['cpu', 'memory', 'pids'].some((name) => controllers.has(name)));
  });

  it('v1: makes the cgroup in every hierarchy and offers what is mounted', async () => {
    await lay({ 'memory/memory.memsw.limit_in_bytes': '1\n', 'cpu/x': '', 'pids/x': '' });
    const { controllers, hasSwapAccounting } = await version1('memory', 'cpu', 'pids').prepare('/berth/a');
    assert.deepEqual([...controllers].sort(), ['cpu', 'memory', 'pids']);
    assert.equal(hasSwapAccounting, true);
    assert.deepEqual(await version1('memory', 'cpu', 'pids').children('/berth'), ['a']);
  });

  it('v2: reads usage without the cache that can be dropped, and kills for lack of memory', async () => {
    await lay({
      'c/cpu.stat': 'usage_usec 2500000\nuser_usec 1\n',
      'c/memory.current': '3000\n',
      'c/memory.stat': 'anon 1\ninactive_file 1000\n',
      'c/memory.events': 'oom 3\noom_kill 2\noom_group_kill 0\n',
    });
    assert.deepEqual(await version2().usage('/c'), { cpuSeconds: 2.5, workingSetBytes: 2000 });
    assert.equal(await version2().outOfMemoryKills('/c'), 2);
    assert.equal(await version2().outOfMemoryKills('/gone'), 0);
    assert.equal(await version2().usage('/gone'), undefined);
  });

  it('v2: has the kernel kill all at once, and kills one by one on a kernel that cannot', async () => {
    const child = await spawnChild('sleep', ['1000']);
    await lay({ 'c/cgroup.procs': `${child.pid}\n`, 'c/cgroup.kill': '' });
    assert.equal(await version2().kill('/c'), 1);
    assert.equal(await read('c/cgroup.kill'), '1');
    await rm(join(root, 'c/cgroup.kill'));
    assert.equal(await version2().kill('/c'), 1);
    assert.equal(await child.exitCode, 128 + 9);
  });

  it('finds hierarchies where they are mounted, at the usual place before others', () => {
    const mounts = hierarchiesIn(
      [
        '30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
        '31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
        '32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
        '33 25 0:29 / /sys/fs/cgroup/systemd rw - cgroup none rw,name=systemd',
        '34 25 0:26 /x /elsewhere/memory rw - cgroup cgroup rw,memory',
        '35 25 0:30 / /tmp rw - tmpfs tmpfs rw',
      ].join('\n'),
    );
    assert.deepEqual(Object.fromEntries(mounts), {
      memory: '/sys/fs/cgroup/memory',
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      unified: '/sys/fs/cgroup/unified',
      'name=systemd': '/sys/fs/cgroup/systemd',
    });
  });

  it('tells of limits that are not enforced by a condition of the node', () => {
    assert.deepEqual(limitsConditions([]), []);
    const [condition] = limitsConditions(['memory', 'pids']);
    assert.equal(condition?.status, 'False');
    assert.match(condition?.message ?? '', /^limits of memory, pids are not enforced/);
  });
});
