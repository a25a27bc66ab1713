/**
 * From an apply to the first output of the new pod's process, through the whole product with the image at hand, against
 * `runc run` on the same bundle: the runtime's own time is the floor. Root, on an otherwise idle machine:
 * `node bench/apply.ts [rounds]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRootfs } from '../cli/machine/demo-image.ts';
import type { Pod, Stored } from '../shared/objects/types.ts';
import type { Cluster } from '../test/e2e/cluster.ts';
import { until } from '../test/support/until.ts';
import { apply, benchPod, removePods, untilPods, withCluster } from './bench-cluster.ts';
import { Numbers } from './numbers.ts';
import { makeRawBundle, timeRawOutput } from './raw-runc.ts';

const rounds = Number(process.argv[2] ?? 20);
const warmUps = 2;

await withCluster(async (cluster) => {
  const numbers = new Numbers();
  const root = unpackRoot(cluster.directory);
  for (let round = 0; round < rounds + warmUps; round += 1) {
    const into = round < warmUps ? new Numbers() : numbers;
    const pod = await startPod(cluster, `pod-${round}`, into);
    const container = pod.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? '';
    const bundle = await makeRawBundle(cluster.paths, container, root, join(cluster.directory, `raw-${round}`));
    into.add('runc run to output', await timeRawOutput(bundle));
    await removePods(cluster);
  }
  numbers.print('ms');
  numbers.printRatio('apply to output', 'runc run to output');
});

async function startPod(cluster: Cluster, name: string, into: Numbers): Promise<Stored<Pod>> {
  let begin = 0;
  let running: Stored<Pod> | undefined;
  const applied = async (): Promise<void> => {
    begin = now();
    await apply(cluster, benchPod(name));
    into.add('apply answered', now() - begin);
  };
  await untilPods(cluster, applied, (pod) => {
    if (pod.metadata.name !== name || pod.status?.phase !== 'Running') return false;
    running = pod;
    return true;
  });
  if (running === undefined) throw new Error(`pod ${name} does not run`);
  into.add('apply to Running', now() - begin);
  into.add('apply to output', (await firstOutput(cluster, running)) - begin);
  return running;
}

/** When the monitor read the first line, in ms. */
async function firstOutput(cluster: Cluster, { metadata: { namespace, name, uid } }: Stored<Pod>): Promise<number> {
  const file = join(cluster.paths.logs, `${namespace}_${name}_${uid}`, 'main', '0.log');
  let log = '';
  await until(async () => (log = await readFile(file, 'utf8')).includes('\n'), 'the pod has written its line');
  const [time = ''] = log.split(' ', 1);
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '0';
  return Math.floor(Date.parse(time) / 1000) * 1000 + Number(`0.${fraction}`) * 1000;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function unpackRoot(directory: string): string {
  const root = join(directory, 'root');
  mkdirSync(root);
  const rootfs = makeRootfs('/bin/busybox');
  execFileSync('tar', ['-C', root, '-xf', rootfs.tar]);
  rmSync(rootfs.directory, { recursive: true, force: true });
  return root;
}
