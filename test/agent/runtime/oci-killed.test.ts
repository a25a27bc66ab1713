import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../../agent/host/processes.ts';
import { layoutOf } from '../../../agent/runtime/oci/layout.ts';
import type { ContainerRecord } from '../../../agent/runtime/oci/records.ts';
import { cgroupsOf, countLeftovers } from './leftovers.ts';
import { type OciBench, openOciBench } from './oci-bench.ts';

const rounds = 4;

describe('OciDriver whose process is killed', function () {
  this.timeout(90_000);
  let bench: OciBench;
  before(async () => {
    bench = await openOciBench();
  });
  after(async () => {
    await bench.close();
  });

  it('finds what runs as it runs, and can remove all of it', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await bench.driver.close();
      await runAndKill(bench.directory, Math.random() * 600);
      await bench.crash();
      const containers = await bench.driver.listContainers();
      for (const { id, state } of containers) {
        const text = await readFile(join(layoutOf(bench.paths).containerRecords, `${id}.json`), 'utf8');
        const { process: init } = JSON.parse(text) as ContainerRecord;
        if (state === 'running') assert.ok(init !== undefined && (await isAlive(init)), `${id} runs`);
        if (state === 'created') assert.equal(await populated(bench, id), false, `${id} does not run`);
      }
      for (const { id, isReady } of await bench.driver.listSandboxes()) {
        // One that is not ready was being taken down: that begins when its containers have ended.
        const runs = containers.some(({ sandbox, state }) => sandbox === id && state === 'running');
        assert.ok(isReady || !runs, `${id} is ready`);
        await bench.driver.removeSandbox(id);
      }
      const { mounts, cables, monitors } = await countLeftovers(bench.paths);
      assert.deepEqual({ mounts, cables, monitors }, { mounts: 0, cables: 0, monitors: 0 });
    }
  });
});

/** Lets the process work for a time after its first pod, then kills it at whatever it is doing. */
async function runAndKill(directory: string, afterMs: number): Promise<void> {
  const script = join(import.meta.dirname, 'driver-process.ts');
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await sleep(afterMs);
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function populated(bench: OciBench, id: string): Promise<boolean> {
  const directories = (await cgroupsOf(bench.paths)).filter((path) => path.endsWith(id));
  const members = await Promise.all(directories.map((path) => readFile(join(path, 'cgroup.procs'), 'utf8')));
  return members.some((text) => text.trim() !== '');
}
