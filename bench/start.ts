/**
 * How long until the command of a new pod is executed, against `runc run --detach` on the same bundle: the runtime's own
 * time is the floor. Prints medians and their ratio; run as root on an otherwise idle machine:
 * `node bench/start.ts [rounds]`.
 */
import { join } from 'node:path';
import type { ContainerId } from '../agent/runtime/driver.ts';
import { openOciBench } from '../test/agent/runtime/oci-bench.ts';
import { aContainer, aSandbox } from '../test/conformance/runtime-bench.ts';
import { Numbers } from './numbers.ts';
import { makeRawBundle, timeRawDetached } from './raw-runc.ts';

const rounds = Number(process.argv[2] ?? 20);
const bench = await openOciBench();
const numbers = new Numbers();
try {
  for (let round = 0; round < rounds; round += 1) {
    const id = await startPod();
    const directory = join(bench.directory, `raw-${round}`);
    const bundle = await makeRawBundle(bench.paths, id, join(bench.directory, 'busybox'), directory);
    numbers.add('runc run', await timeRawDetached(bundle));
  }
  numbers.print('ms');
  numbers.printRatio('berth', 'runc run');
} finally {
  await bench.close();
}

async function startPod(): Promise<ContainerId> {
  const begin = performance.now();
  const sandbox = await aSandbox(bench);
  const connected = performance.now();
  const id = await bench.driver.createContainer(aContainer(bench, sandbox, 'exec sleep 1000'));
  const created = performance.now();
  await bench.driver.startContainer(id);
  const end = performance.now();
  numbers.add('sandbox', connected - begin);
  numbers.add('create', created - connected);
  numbers.add('start', end - created);
  numbers.add('berth', end - begin);
  return id;
}
