import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { importRootfs } from '../../../agent/images/import.ts';
import { OverlaySnapshotter } from '../../../agent/images/overlay-snapshotter.ts';
import { BridgeNetwork } from '../../../agent/network/bridge-network.ts';
import { agentPaths } from '../../../agent/paths.ts';
import { destroyRuntime } from '../../../agent/runtime/oci/destroy.ts';
import { OciDriver } from '../../../agent/runtime/oci/oci-driver.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { aContainer, aSandbox } from '../../conformance/runtime-bench.ts';
import { until } from '../../support/until.ts';
import { podRange } from '../runtime/oci-bench.ts';
import { aStore, busyboxFiles } from './sample-images.ts';
import { makeTar } from './tar-builder.ts';

describe('a container from an image of the store', () => {
  it('runs with the files, the environment and the command of the image, and leaves nothing', async function () {
    this.timeout(60_000);
    const directory = await mkdtemp(join(tmpdir(), 'berth-run-image-'));
    const paths = agentPaths(directory, 'node');
    const { store, close } = await aStore({ directory: paths.images });
    const snapshotter = new OverlaySnapshotter({ paths, store, log: silentLogger });
    const [clock, log] = [systemClock, silentLogger];
    const network = new BridgeNetwork({ paths, podCIDR: podRange(paths), clock, log });
    const driver = new OciDriver({ paths, images: store, snapshotter, network, clock, log, chance: Math.random });
    try {
      const files = [...(await busyboxFiles()), { name: 'greeting', content: 'from the image' }];
      const script = '/bin/busybox cat /greeting; echo "$NOTE"; echo mine > /tmp/x';
      const config = { Entrypoint: ['/bin/sh', '-c'], Cmd: [script], Env: ['PATH=/bin', 'NOTE=hello'], User: '1000' };
      const image = await importRootfs(store, Readable.from([makeTar(files)]), { reference: 'greet:1', config });
      await driver.open();
      const bench = { driver, imageId: image.id, directory, crash: () => driver.close(), close };
      const sandbox = await aSandbox(bench);
      const wanted = aContainer(bench, sandbox, '', { command: undefined });
      const id = await driver.createContainer(wanted);
      await driver.startContainer(id);
      await until(async () => (await driver.listContainers()).every(({ state }) => state === 'exited'), 'it has ended');
      const [status] = await driver.listContainers();
      const output = await readFile(wanted.logPath, 'utf8');
      assert.equal(status?.exitCode, 0, output);
      assert.match(output, /from the image/);
      assert.match(output, /hello/);
      await driver.removeSandbox(sandbox.id);
      assert.deepEqual(await snapshotter.list(), []);
    } finally {
      await driver.close();
      await destroyRuntime(paths);
      await close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
