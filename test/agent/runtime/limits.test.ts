import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
