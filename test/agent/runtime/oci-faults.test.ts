import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listMounts, mount, unmount } from '../../../agent/host/mounts.ts';
import { identify, isAlive, signalProcess } from '../../../agent/host/processes.ts';
import { spawnChild } from '../../../agent/host/run.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import { destroyRuntime } from '../../../agent/runtime/oci/destroy.ts';
import { bundleFiles, layoutOf } from '../../../agent/runtime/oci/layout.ts';
import type { ContainerRecord } from '../../../agent/runtime/oci/records.ts';
import { aContainer, aSandbox, exited, logLines, started, statusOf } from '../../conformance/runtime-bench.ts';
import { until } from '../../support/until.ts';
import { cgroupsOf, countLeftovers } from './leftovers.ts';
import { type OciBench, openOciBench } from './oci-bench.ts';

const misbehaviours: [string, string][] = [
  ['hangs', 'sleep 600'],
  ['fails', 'echo cannot >&2; exit 1'],
  ['prints garbage', 'echo "{\\"data\\": }"; echo "\\"}{" >&2; exit 3'],
  ['fails after creating', '"$REAL" "$@"; exit 1'],
];

describe('OciDriver and faults', function () {
  this.timeout(60_000);
  let bench: OciBench;
  before(async () => {
    bench = await openOciBench(3000);
  });
  after(async () => {
    await bench.close();
  });

  it('leaks nothing in 20 pods', async () => {
    await cycle(bench);
    const before = await countLeftovers(bench.paths);
    for (let round = 0; round < 5; round += 1) await Promise.all([1, 2, 3, 4].map((n) => cycle(bench, n === 4)));
    await until(
      async () => JSON.stringify(await countLeftovers(bench.paths)) === JSON.stringify(before),
      `the counts are as before: ${JSON.stringify(before)}`,
    );
  });

  it('kills a container whose monitor was killed and says so', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { monitor, process: init } = await recordOf(bench, id);
    assert.ok(monitor !== undefined && init !== undefined);
    const killedAt = Date.now();
    await signalProcess(monitor, 'SIGKILL');
    const status = await exited(bench, id);
    assert.ok(Date.now() - killedAt < 5000);
    assert.equal(status.reason, 'MonitorLost');
    assert.equal(await isAlive(init), false);
    await bench.driver.removeContainer(id);
  });

  it('notices a monitor that was killed while no agent ran', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { monitor } = await recordOf(bench, id);
    await bench.driver.close();
    assert.ok(monitor !== undefined);
    await signalProcess(monitor, 'SIGKILL');
    await bench.crash();
    assert.equal((await exited(bench, id)).reason, 'MonitorLost');
  });

  it('counts only the time of a command against its limit, and not that of a runtime that is held up', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const slow = 'sleep 0.5; "$REAL" "$@"; code=$?; sleep 0.5; exit $code';
    await withRuntime(
      bench,
      slow,
      async () => {
        const quick = await bench.driver.execSync(id, ['sh', '-c', 'echo here; exit 3'], 300);
        assert.deepEqual(quick, { exitCode: 3, output: 'here\n', timedOut: false });
        const long = await bench.driver.execSync(id, ['sleep', '1000'], 300);
        assert.equal(long.timedOut, true);
      },
      'exec',
    );
    await bench.driver.removeContainer(id);
  });

  it('goes on with a container whose record was damaged', async () => {
    const id = await started(bench, await aSandbox(bench), 'trap "exit 7" TERM; while :; do sleep 0.1; done');
    const { process: init, ...before } = await recordOf(bench, id);
    await bench.driver.close();
    await writeFile(join(layoutOf(bench.paths).containerRecords, `${id}.json`), '{"id":"');
    await bench.crash();
    const status = await statusOf(bench, id);
    assert.equal(status.state, 'running');
    assert.deepEqual([status.attempt, status.imageId, status.size], [before.attempt, before.imageId, before.size]);
    assert.ok(Math.abs(status.startedAt - before.startedAt) < 1000);
    assert.deepEqual((await recordOf(bench, id)).process, init);
    await bench.driver.stopContainer(id, 5000);
    assert.equal((await statusOf(bench, id)).exitCode, 7);
    await bench.driver.removeContainer(id);
  });

  it('knows how a container ended whose record was damaged', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 0.3; exit 5');
    await bench.driver.close();
    await writeFile(join(layoutOf(bench.paths).containerRecords, `${id}.json`), '');
    const { exit } = bundleFiles(layoutOf(bench.paths), id);
    await until(async () => (await readFile(exit, 'utf8').catch(() => '')) !== '', 'it has ended');
    await bench.crash();
    assert.equal((await exited(bench, id)).exitCode, 5);
  });

  it('never signals a process that only has the number of one of its own', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const stranger = await spawnChild('sleep', ['1000']);
    const found = await identify(stranger.pid);
    const record = await recordOf(bench, id);
    assert.ok(found !== undefined && record.process !== undefined && record.monitor !== undefined);
    await bench.driver.close();
    await signalProcess(record.monitor, 'SIGKILL');
    await signalProcess(record.process, 'SIGKILL');
    const reused = { ...record.process, pid: stranger.pid };
    await writeRecord(bench, { ...record, process: reused, monitor: reused });
    await bench.crash();
    await exited(bench, id);
    await bench.driver.removeContainer(id);
    assert.equal(await isAlive(found), true);
    stranger.kill();
    await stranger.exitCode;
  });

  it('knows after a reboot that everything has ended', async () => {
    const sandbox = await aSandbox(bench);
    const id = await started(bench, sandbox, 'sleep 1000');
    const record = await recordOf(bench, id);
    await bench.driver.close();
    const file = join(layoutOf(bench.paths).sandboxRecords, `${sandbox.id}.json`);
    const sandboxRecord = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...sandboxRecord, bootId: 'another' }));
    await writeRecord(bench, { ...record, bootId: 'another' });
    await bench.crash();
    assert.equal((await statusOf(bench, id)).exitCode, 255);
    const found = (await bench.driver.listSandboxes()).find((other) => other.id === sandbox.id);
    assert.equal(found?.isReady, false);
    await bench.driver.removeSandbox(sandbox.id);
  });

  it('thaws a frozen container to kill it', async () => {
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const mine = (await cgroupsOf(bench.paths)).filter((path) => path.endsWith(id));
    const version1 = mine.find((path) => path.startsWith('/sys/fs/cgroup/freezer/'));
    if (version1 === undefined) await writeFile(join(mine[0] ?? '', 'cgroup.freeze'), '1');
    else await writeFile(join(version1, 'freezer.state'), 'FROZEN');
    await bench.driver.stopContainer(id, 200);
    assert.equal((await statusOf(bench, id)).exitCode, 137);
  });

  it('says that a command is no program', async () => {
    const config = { ...aContainer(bench, await aSandbox(bench), ''), command: ['/bin/not-a-program'] };
    const id = await bench.driver.createContainer(config);
    await bench.driver.startContainer(id).catch(() => undefined);
    const { exitCode, logPath } = await exited(bench, id);
    assert.notEqual(exitCode, 0);
    assert.match((await logLines(logPath)).map(({ text }) => text).join(), /exec format error/);
  });

  for (const [what, script] of misbehaviours) {
    it(`gives up on a runtime that ${what}, and starts others afterwards`, async () => {
      const sandbox = await aSandbox(bench);
      await withRuntime(bench, script, async () => {
        const id = await bench.driver.createContainer(aContainer(bench, sandbox, 'true'));
        await assert.rejects(bench.driver.startContainer(id));
        assert.equal((await statusOf(bench, id)).reason, 'StartError');
        await bench.driver.removeContainer(id);
      });
      const next = await started(bench, sandbox, 'exit 0', { attempt: 1 });
      assert.equal((await exited(bench, next)).exitCode, 0);
    });
  }

  it('is taken down as a whole, without a driver, twice', async () => {
    const other = await openOciBench();
    await started(other, await aSandbox(other), 'trap "" TERM; sleep 1000');
    await other.driver.close();
    const { data, logs } = other.paths;
    for (const disk of [data, logs]) {
      await mkdir(disk, { recursive: true });
      await mount(disk, disk, '', ['bind'], '');
    }
    await destroyRuntime(other.paths);
    assert.deepEqual(await listMounts(data), [logs, data], 'disks of the user');
    for (const disk of [logs, data]) await unmount(disk);
    await destroyRuntime(other.paths);
    const { descriptors: _own, ...left } = await countLeftovers(other.paths);
    assert.deepEqual(left, { mounts: 0, cgroups: 0, cables: 0, files: 0, records: 0, monitors: 0 });
    await other.close();
  });
});

/** Opens the driver anew with a runtime that does `script` instead of `verb`, then with the real one again. */
async function withRuntime(bench: OciBench, script: string, work: () => Promise<void>, verb = 'create'): Promise<void> {
  const directory = join(bench.directory, `wrapper-${String(Date.now())}`);
  await mkdir(directory);
  const text = `#!/bin/sh\nREAL=/usr/sbin/runc\ncase " $* " in *" ${verb} "*) ${script} ;; *) exec "$REAL" "$@" ;; esac\n`;
  await writeFile(join(directory, 'runc'), text, { mode: 0o755 });
  const { PATH } = process.env;
  process.env['PATH'] = `${directory}:${PATH ?? ''}`;
  try {
    await bench.crash();
    await work();
  } finally {
    process.env['PATH'] = PATH;
    await bench.crash();
  }
}

async function cycle(bench: OciBench, sharePid = false): Promise<void> {
  const sandbox = await aSandbox(bench, { sharePid });
  const id = await started(bench, sandbox, 'sleep 1000');
  await bench.driver.execSync(id, ['true'], 10_000);
  await bench.driver.stopContainer(id, 0);
  await bench.driver.removeSandbox(sandbox.id);
}

async function recordOf(bench: OciBench, id: ContainerId): Promise<ContainerRecord> {
  const { containerRecords } = layoutOf(bench.paths);
  return JSON.parse(await readFile(join(containerRecords, `${id}.json`), 'utf8')) as ContainerRecord;
}

async function writeRecord(bench: OciBench, record: ContainerRecord): Promise<void> {
  await writeFile(join(layoutOf(bench.paths).containerRecords, `${record.id}.json`), JSON.stringify(record));
}
