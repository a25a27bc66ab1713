/**
 * A process that keeps starting and removing pods until it is killed: `driver-process.ts <directory>`. It prints a line
 * for each step, so that a test can kill it at any of them.
 */
import { agentPaths } from '../../../agent/paths.ts';
import { aSandbox, started } from '../../conformance/runtime-bench.ts';
import { busyboxId, BusyboxSnapshotter } from './busybox-image.ts';
import { ociDriver } from './oci-bench.ts';

const directory = process.argv[2] ?? '';
const paths = agentPaths(directory, 'node');
const snapshotter = new BusyboxSnapshotter(directory);
const driver = ociDriver(paths, snapshotter);
await driver.open();
const nothing = (): Promise<void> => Promise.resolve();
const bench = { driver, imageId: busyboxId, directory, crash: nothing, close: nothing };
for (;;) {
  const sandbox = await aSandbox(bench);
  console.log('sandbox');
  const id = await started(bench, sandbox, 'sleep 1000');
  console.log('started');
  if (Math.random() < 0.5) continue;
  await driver.stopContainer(id, 0);
  console.log('stopped');
  await driver.removeSandbox(sandbox.id);
  console.log('removed');
}
