import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { importRootfs } from '../../../agent/images/import.ts';
import { listMounts, mount, unmount } from '../../../agent/host/mounts.ts';
import type { OciImageStore } from '../../../agent/images/oci-image-store.ts';
import { OverlaySnapshotter } from '../../../agent/images/overlay-snapshotter.ts';
import { BridgeNetwork } from '../../../agent/network/bridge-network.ts';
import { agentPaths } from '../../../agent/paths.ts';
import { destroyRuntime } from '../../../agent/runtime/oci/destroy.ts';
import { layoutOf } from '../../../agent/runtime/oci/layout.ts';
import { OciDriver } from '../../../agent/runtime/oci/oci-driver.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { aSandbox, ranToEnd, type RuntimeBench, started } from '../../conformance/runtime-bench.ts';
import { podRange } from '../runtime/oci-bench.ts';
import { needsMappedMemory } from '../../support/needs.ts';
import { aStore, busyboxFiles } from './sample-images.ts';
import { makeTar } from './tar-builder.ts';

interface Bench extends RuntimeBench {
  store: OciImageStore;
  snapshotter: OverlaySnapshotter;
}

/** A driver on a store of its own; whatever `work` leaves is removed. */
async function withDriver(work: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-run-image-'));
  const paths = agentPaths(directory, 'node');
  const { store, close } = await aStore({ directory: paths.images });
  const snapshotter = new OverlaySnapshotter({ paths, store, log: silentLogger });
  const [clock, log] = [systemClock, silentLogger];
  const open = async (): Promise<OciDriver> => {
    const network = new BridgeNetwork({ paths, podCIDR: podRange(paths), clock, log });
    const driver = new OciDriver({ paths, images: store, snapshotter, network, clock, log, chance: Math.random });
    await driver.open();
    return driver;
  };
  const bench: Bench = {
    driver: await open(),
    store,
    snapshotter,
    imageId: '',
    directory,
    crash: async () => {
      const forgotten = bench.driver;
      bench.driver = await open();
      await forgotten.close();
    },
    close,
  };
  try {
    await work(bench);
  } finally {
    await bench.driver.close();
    await destroyRuntime(paths);
    await close();
    for (const point of await listMounts(directory)) await unmount(point);
    await rm(directory, { recursive: true, force: true });
  }
}

describe('a container from an image of the store', function () {
  this.timeout(60_000);

  it('runs with the files, the environment and the command of the image, and leaves nothing', () =>
    withDriver(async ({ store, snapshotter, ...bench }) => {
      const files = [...(await busyboxFiles()), { name: 'greeting', content: 'from the image' }];
      const script = '/bin/busybox cat /greeting; echo "$NOTE"; echo mine > /tmp/x';
      const config = { Entrypoint: ['/bin/sh', '-c'], Cmd: [script], Env: ['PATH=/bin', 'NOTE=hello'], User: '1000' };
      const image = await importRootfs(store, Readable.from([makeTar(files)]), { reference: 'greet:1', config });
      const sandbox = await aSandbox(bench);
      const given = { sandbox, imageId: image.id, command: undefined };
      const { output, exitCode } = await ranToEnd(bench, '', given);
      assert.equal(exitCode, 0, output);
      assert.match(output, /from the image/);
      assert.match(output, /hello/);
      await bench.driver.removeSandbox(sandbox.id);
      assert.deepEqual(await snapshotter.list(), []);
    }));

  it('has users of its own when that is asked for: its root is nobody on the host, and its files are its own', function () {
    needsMappedMemory(this);
    return withDriver(async ({ store, snapshotter, ...bench }) => {
      const files = [...(await busyboxFiles()), { name: 'owned', content: 'image\n', mode: 0o600 }];
      const config = { Env: ['PATH=/bin'] };
      const image = await importRootfs(store, Readable.from([makeTar(files)]), { reference: 'users:1', config });
      const hostPath = join(bench.directory, 'volume');
      await mkdir(hostPath, { mode: 0o700 });
      await writeFile(join(hostPath, 'secret'), 'volume\n', { mode: 0o600 });
      const shared = join(bench.directory, 'shared');
      await mkdir(shared);
      await mount('tmpfs', shared, 'tmpfs', ['nosuid', 'nodev', 'noexec'], 'mode=0700');
      await writeFile(join(shared, 'token'), 'memory\n', { mode: 0o600 });
      const mounts = [
        { hostPath, containerPath: '/data', readOnly: false, propagation: 'private' as const },
        { hostPath: shared, containerPath: '/shared', readOnly: true, propagation: 'private' as const },
      ];
      const script = [
        'busybox id -u; busybox awk "{print \\$1, \\$2, \\$3}" /proc/self/uid_map; cat /owned /data/secret /shared/token; echo x > /shared/token; busybox tail -n 1 /shared/token',
        'echo x > /data/made && echo y > /made && echo hi >> /etc/hosts && busybox hostname && echo written',
        'busybox ls -ln /proc/1/root/made | busybox awk "{print \\$3, \\$4}"; busybox grep -c " /proc/sys " /proc/mounts',
      ].join('\n');
      const seen = async (procMount: 'Default' | 'Unmasked'): Promise<string[]> => {
        const sandbox = await aSandbox(bench, { hostUsers: false });
        const changes = { sandbox, imageId: image.id, mounts, security: { isProcUnmasked: procMount === 'Unmasked' } };
        const { output } = await ranToEnd(bench, script, changes);
        await bench.driver.removeSandbox(sandbox.id);
        return output.split('\n');
      };
      const [first, second] = [await seen('Default'), await seen('Unmasked')];
      const [uid, map = '', ...rest] = first;
      assert.deepEqual([uid, rest.slice(0, 3)], ['0', ['image', 'volume', 'memory']], first.join('\n'));
      assert.deepEqual(rest.slice(-3), ['written', '0 0', '1']);
      assert.equal(second.at(-1), '0');
      const [inside, outside, count] = map.split(' ').map(Number);
      assert.deepEqual([inside, count], [0, 65_536]);
      assert.ok((outside ?? 0) >= 32 * 65_536, map);
      assert.notEqual(second[1], map);
      // On the host they are what they would be without: a volume outlives its pod, and another pod may have it.
      const { uid: owner } = await stat(join(hostPath, 'made'));
      assert.equal(owner, 0);
      assert.equal(await readFile(join(shared, 'token'), 'utf8'), 'memory\n');
      assert.equal(await readFile(join(hostPath, 'secret'), 'utf8'), 'volume\n');
      assert.deepEqual(await snapshotter.list(), []);
      const { mapped, ...others } = layoutOf(agentPaths(bench.directory, 'node'));
      assert.deepEqual(await readdir(mapped), []);
      for (const path of [others.sandboxes, others.bundles, others.exits, others.runtimeRoots]) {
        assert.equal((await stat(path)).mode & 0o077, 0, path);
      }
    });
  });

  it('with users of its own goes on when the agent starts anew, and takes commands', () =>
    withDriver(async (bench) => {
      const config = { Entrypoint: ['/bin/sh', '-c'], Env: ['PATH=/bin'] };
      const tar = Readable.from([makeTar(await busyboxFiles())]);
      const image = await importRootfs(bench.store, tar, { reference: 'users:2', config });
      const sandbox = await aSandbox(bench, { hostUsers: false });
      const id = await started(bench, sandbox, 'exec busybox sleep 1000', { imageId: image.id });
      const unknown = join(layoutOf(agentPaths(bench.directory, 'node')).mapped, 'unknown');
      await mkdir(join(unknown, 'root'), { recursive: true });
      await mount(bench.directory, join(unknown, 'root'), '', ['bind'], '');
      await bench.crash();
      assert.deepEqual(await readdir(dirname(unknown)), [id]);
      const { output, exitCode } = await bench.driver.execSync(id, ['busybox', 'id', '-u'], 10_000);
      assert.deepEqual([output.trim(), exitCode], ['0', 0]);
      assert.deepEqual(
        (await bench.driver.listSandboxes()).map(({ isReady }) => isReady),
        [true],
      );
    }));
});
