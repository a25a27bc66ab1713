/**
 * From an apply to the first output of the new pod's process, through the whole product with the image at hand, against
 * `runc run` on the same bundle: the runtime's own time is the floor. Root, on an otherwise idle machine:
 * `node bench/apply.ts [rounds]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRootfs } from '../cli/demo-image.ts';
import type { Pod, Stored } from '../shared/objects/types.ts';
import { Cluster, podsPath } from '../test/e2e/cluster.ts';
import { until } from '../test/support/until.ts';
import { Numbers } from './numbers.ts';
import { makeRawBundle, timeRawOutput } from './raw-runc.ts';

const rounds = Number(process.argv[2] ?? 20);
const image = 'bench:1';
const numbers = new Numbers();
const cluster = await Cluster.create();
try {
  await cluster.up();
  await cluster.importImage(image);
  const root = unpackRoot();
  for (let round = -2; round < rounds; round += 1) {
    const pod = await startPod(`pod-${round + 2}`, round < 0 ? undefined : numbers);
    const container = pod.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? '';
    const took = await timeRawOutput(await makeRawBundle(cluster.paths, container, root));
    if (round >= 0) numbers.add('runc run', took);
    await cluster.delete(`${podsPath}/${pod.metadata.name}`, { gracePeriodSeconds: 0 });
  }
  numbers.print('ms');
  numbers.printRatio('apply to output', 'runc run');
} finally {
  await cluster.destroy();
}

/** Applies a pod and watches it until it runs. */
async function startPod(name: string, into: Numbers | undefined): Promise<Stored<Pod>> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'main', image, command: ['sh', '-c', 'echo started; exec sleep 1000'] }] },
  };
  const begin = now();
  await cluster.client.call('PATCH', `${podsPath}/${name}`, {
    body: pod,
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: 'bench' },
  });
  const applied = now();
  const running = await cluster.untilPod(name, 'runs', ({ status }) => status?.phase === 'Running', 30_000);
  const shown = now();
  const output = await firstOutput(running);
  into?.add('apply answered', applied - begin);
  into?.add('apply to output', output - begin);
  into?.add('apply to Running', shown - begin);
  return running;
}

/** When the monitor read the first line, in ms. */
async function firstOutput({ metadata: { namespace, name, uid } }: Stored<Pod>): Promise<number> {
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

function unpackRoot(): string {
  const root = join(cluster.directory, 'root');
  mkdirSync(root);
  const { tar } = makeRootfs('/bin/busybox');
  execFileSync('tar', ['-C', root, '-xf', tar]);
  return root;
}
