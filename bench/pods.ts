/**
 * Many pods at once on one node: from the first apply until the last one runs, and until the last one is gone. The floor
 * is `runc run` on the same bundle, as many times as there are pods, as many at once as there are cores. As root:
 * `node bench/pods.ts [pods]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { makeRootfs } from '../cli/machine/demo-image.ts';
import type { Cluster } from '../test/e2e/cluster.ts';
import { apply, benchPod, removePods, untilPods, withCluster } from './bench-cluster.ts';
import { makeRawBundle, timeRawOutput } from './raw-runc.ts';

const count = Number(process.argv[2] ?? 50);

await withCluster(async (cluster) => {
  const { running, container } = await startAll(cluster);
  show('until all run', running);
  const raw = await runRaw(cluster, container);
  show('runc run alone', raw);
  console.log(`${'ratio'.padEnd(16)} ${(running / raw).toFixed(2)}`);
  const begin = performance.now();
  await removePods(cluster);
  show('until all are gone', performance.now() - begin);
});

function show(what: string, ms: number): void {
  console.log(
    `${what.padEnd(20)} ${(ms / 1000).toFixed(2)} s for ${count} pods, ${((count * 1000) / ms).toFixed(1)} a second`,
  );
}

/** Resolves with how long it took, and one of the containers. */
async function startAll(cluster: Cluster): Promise<{ running: number; container: string }> {
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const waiting = new Set(names);
  let container = '';
  const begin = performance.now();
  const applyAll = async (): Promise<void> => {
    await Promise.all(names.map((name) => apply(cluster, benchPod(name))));
  };
  await untilPods(cluster, applyAll, ({ metadata, status }) => {
    if (status?.phase === 'Running') waiting.delete(metadata.name);
    container = status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? container;
    return waiting.size === 0;
  });
  return { running: performance.now() - begin, container };
}

/** As many at once as Berth starts; what each takes to write its output, without the time to remove it. */
async function runRaw(cluster: Cluster, container: string): Promise<number> {
  const root = join(cluster.directory, 'root');
  mkdirSync(root);
  const rootfs = makeRootfs('/bin/busybox');
  execFileSync('tar', ['-C', root, '-xf', rootfs.tar]);
  rmSync(rootfs.directory, { recursive: true, force: true });
  const lanes = availableParallelism();
  let left = count;
  const lane = async (_: unknown, index: number): Promise<number> => {
    const bundle = await makeRawBundle(cluster.paths, container, root, join(cluster.directory, `raw-${index}`));
    let sum = 0;
    for (; left > 0; sum += await timeRawOutput(bundle)) left -= 1;
    return sum;
  };
  const sums = await Promise.all(Array.from({ length: lanes }).map(lane));
  return sums.reduce((a, b) => a + b, 0) / lanes;
}
