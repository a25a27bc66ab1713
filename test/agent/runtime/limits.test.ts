import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { treeBytes } from '../../../agent/host/tree-size.ts';
import { findCgroupMounts } from '../../../agent/runtime/oci/cgroup-mounts.ts';
import { cgroupOf } from '../../../agent/runtime/oci/records.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import { aContainer, aSandbox, logLines, started, statusOf } from '../../conformance/runtime-bench.ts';
import { needsLimit } from '../../support/needs-limit.ts';
import { until } from '../../support/until.ts';
import { needsRoot } from '../../support/needs.ts';
import { type OciBench, openOciBench } from './oci-bench.ts';

/** Where a limit can be read, by the controller of it: on v2, and on v1. */
const files = {
  memory: ['memory.max', 'memory.limit_in_bytes'],
  cpu: ['cpu.max', 'cpu.cfs_quota_us'],
  pids: ['pids.max', 'pids.max'],
} as const;

/** Limits as the kernel has them, on whichever cgroups this machine has. */
describe('limits of a container', function () {
  this.timeout(60_000);
  let bench: OciBench;
  let container: ContainerId;
  let limits: (controller: keyof typeof files) => Promise<string>;

  before(async function () {
    needsRoot(this);
    bench = await openOciBench();
    const mounts = await findCgroupMounts();
    const sandbox = await aSandbox(bench);
    const resources = { memoryLimitBytes: 64 << 20, cpuLimitMillis: 250, pidsLimit: 100 };
    const id = await bench.driver.createContainer(aContainer(bench, sandbox, 'exec sleep 1000', { resources }));
    await bench.driver.startContainer(id);
    container = id;
    const cgroup = cgroupOf(bench.paths.cgroup, sandbox.pod, id);
    limits = async (controller) => {
      const root = mounts.roots.get(mounts.isVersion2 ? '' : controller) ?? '';
      return (await readFile(join(root, cgroup, files[controller][mounts.isVersion2 ? 0 : 1]), 'utf8')).trim();
    };
  });

  after(() => bench?.close());

  it('holds its memory', async function () {
    await needsLimit(this, 'memory');
    assert.equal(await limits('memory'), String(64 << 20));
  });

  it('holds its processor time', async function () {
    await needsLimit(this, 'cpu');
    assert.match(await limits('cpu'), /^25000( 100000)?$/);
  });

  it('holds the number of its processes', async function () {
    await needsLimit(this, 'pids');
    assert.equal(await limits('pids'), '100');
  });

  it('gets other ones while it runs', async function () {
    await needsLimit(this, 'memory');
    const size = { memoryLimitBytes: 96 << 20, cpuLimitMillis: 500, cpuRequestMillis: 300 };
    await bench.driver.resizeContainer(container, size);
    assert.equal(await limits('memory'), String(96 << 20));
    assert.match(await limits('cpu'), /^50000( 100000)?$/);
    const status = await statusOf(bench, container);
    assert.deepEqual([status.state, status.size], ['running', size]);
    await bench.driver.resizeContainer(container, { memoryLimitBytes: 32 << 20, cpuRequestMillis: 300 });
    assert.equal(await limits('memory'), String(32 << 20));
    assert.match(await limits('cpu'), /^50000( 100000)?$/);
    await bench.crash();
    const after = { ...size, memoryLimitBytes: 32 << 20 };
    assert.deepEqual((await statusOf(bench, container)).size, after);
  });

  it('shows where a container fills the disk, so that it can be measured', async () => {
    const sandbox = await aSandbox(bench);
    const script = 'dd if=/dev/zero of=/filled bs=1M count=3; echo "192.0.2.1 grown" >> /etc/hosts; exec sleep 1000';
    const id = await bench.driver.createContainer(aContainer(bench, sandbox, script));
    await bench.driver.startContainer(id);
    const { layers, shared } = await bench.driver.writablePaths(sandbox.pod.uid);
    const [hosts = ''] = shared;
    await until(async () => (await readFile(hosts, 'utf8')).includes('grown'));
    const bytes = await treeBytes(layers.get(id) ?? '', { stopAtBytes: Infinity, pause: () => Promise.resolve() });
    assert.equal(Math.round(bytes / (1 << 20)), 3);
    assert.deepEqual(
      shared.map((path) => basename(path)),
      ['hosts', 'hostname', 'resolv.conf'],
    );
  });

  it('makes the pod as heavy as its containers together, and counts its processes as a whole', async function () {
    await needsLimit(this, 'cpu');
    await needsLimit(this, 'pids');
    const mounts = await findCgroupMounts();
    const sandbox = await aSandbox(bench);
    const read = async (controller: string, path: string, file: string): Promise<string> => {
      const root = mounts.roots.get(mounts.isVersion2 ? '' : controller) ?? '';
      return (await readFile(join(root, bench.paths.cgroup, path, file), 'utf8')).trim();
    };
    const weight = (): Promise<string> => read('cpu', sandbox.pod.uid, mounts.isVersion2 ? 'cpu.weight' : 'cpu.shares');
    const asking = (name: string, cpuRequestMillis: number) => ({
      name,
      resources: { cpuRequestMillis, pidsLimit: 500 },
    });
    const first = await started(bench, sandbox, 'exec sleep 1000', asking('a', 250));
    await started(bench, sandbox, 'exec sleep 1000', asking('b', 250));
    assert.equal(await weight(), mounts.isVersion2 ? '20' : '512');
    assert.equal(await read('pids', sandbox.pod.uid, 'pids.max'), '500');
    await bench.driver.resizeContainer(first, { cpuRequestMillis: 1250 });
    assert.equal(await weight(), mounts.isVersion2 ? '59' : '1536');
  });

  it('holds the monitor of each container to a part of a core, so that a flood of log lines waits at its source', async function () {
    await needsLimit(this, 'cpu');
    const mounts = await findCgroupMounts();
    const root = join(mounts.roots.get(mounts.isVersion2 ? '' : 'cpu') ?? '', bench.paths.cgroup, 'monitors');
    const id = await started(bench, await aSandbox(bench), 'exec yes a long line that is repeated without end');
    const [members, quota] = await Promise.all([
      readFile(join(root, id, 'cgroup.procs'), 'utf8'),
      readFile(join(root, id, mounts.isVersion2 ? 'cpu.max' : 'cpu.cfs_quota_us'), 'utf8'),
    ]);
    assert.match(members, /^\d+\n$/);
    assert.match(quota, /^20000\b/);
    const throttled = async (): Promise<number> =>
      Number(/nr_throttled (\d+)/.exec(await readFile(join(root, id, 'cpu.stat'), 'utf8'))?.[1]);
    await until(async () => (await throttled()) > 0, 'the flood waits');
    await bench.driver.removeContainer(id);
    await assert.rejects(readFile(join(root, id, 'cpu.stat')), { code: 'ENOENT' });
  });

  it('keeps its memory when it uses more than it is to have', async function () {
    await needsLimit(this, 'memory');
    const resources = { memoryLimitBytes: 64 << 20 };
    const fill = 'head -c 30000000 /dev/zero > /dev/shm/fill; echo full; exec sleep 1000';
    const sandbox = await aSandbox(bench);
    const id = await started(bench, sandbox, fill, { resources });
    const { logPath } = await statusOf(bench, id);
    await until(async () => (await logLines(logPath)).length === 1, 'the memory is in use');
    const less = { memoryLimitBytes: 16 << 20, cpuRequestMillis: 100 };
    await assert.rejects(
      bench.driver.resizeContainer(id, less),
      /^ApiError: attempting to set container memory limit \(16777216\) below current usage \(\d+\)$/,
    );
    const status = await statusOf(bench, id);
    assert.deepEqual([status.state, status.size?.memoryLimitBytes], ['running', 64 << 20]);
  });
});
