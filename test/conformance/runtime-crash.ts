import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aSandbox, exited, started, statusOf, type RuntimeBench } from './runtime-bench.ts';

/** Part of the suite in runtime-driver.ts. */
export function crashTests(given: () => RuntimeBench): void {
  it('containers run on, exits meanwhile are known, and all is under control again', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const stays = await started(bench, sandbox, 'sleep 1000', { name: 'stays' });
    const release = join(bench.directory, 'release');
    await mkdir(release, { recursive: true });
    const mounts = [{ hostPath: release, containerPath: '/release', readOnly: false, propagation: 'private' as const }];
    const ends = await started(bench, sandbox, 'until test -e /release/now; do sleep 0.02; done; exit 6', {
      name: 'ends',
      mounts,
    });
    const before = await statusOf(bench, stays);
    await writeFile(join(release, 'now'), '');
    await bench.crash();
    assert.deepEqual(await statusOf(bench, stays), before);
    assert.equal((await exited(bench, ends)).exitCode, 6);
    const found = (await bench.driver.listSandboxes()).find(({ id }) => id === sandbox.id);
    assert.equal(found?.isReady, true);
    assert.equal(found?.ip, sandbox.ip);
    assert.equal((await bench.driver.execSync(stays, ['true'], 10_000)).exitCode, 0);
    await bench.driver.stopContainer(stays, 0);
    assert.equal((await statusOf(bench, stays)).exitCode, 137);
  });
}
