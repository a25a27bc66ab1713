import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listMounts, mount, unmount } from '../../../agent/host/mounts.ts';
import { isPinned, pinNamespaces, unpin } from '../../../agent/host/namespaces.ts';
import { run } from '../../../agent/host/run.ts';
import { hasReason, messageOf } from '../../../shared/errors.ts';

describe('mounts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-mounts-'));
  });
  afterEach(async () => {
    for (const point of await listMounts(directory)) await unmount(point);
    await rm(directory, { recursive: true });
  });

  it('are listed deepest first, whatever characters they have', async () => {
    const [outer, inner] = [join(directory, 'a b'), join(directory, 'a b', 'c')];
    await mkdir(outer);
    await mount('tmpfs', outer, 'tmpfs', ['nosuid'], 'size=1m');
    await mkdir(inner);
    await mount('tmpfs', inner, 'tmpfs', [], 'size=1m');
    assert.deepEqual(await listMounts(directory), [inner, outer]);
    assert.deepEqual(await listMounts(join(directory, 'a')), []);
  });

  it('bind read-only', async () => {
    const [source, target] = [join(directory, 'source'), join(directory, 'target')];
    await mkdir(source);
    await mkdir(target);
    await mount(source, target, '', ['bind', 'ro', 'private'], '');
    await assert.rejects(writeFile(join(target, 'x'), ''), /EROFS/);
    await writeFile(join(source, 'x'), '');
    assert.deepEqual(await readdir(target), ['x']);
  });

  it('may be gone already when they are unmounted', async () => {
    await unmount(directory);
    await unmount(join(directory, 'nope'));
  });

  it('fail with the words of the system', async () => {
    await assert.rejects(mount('/nope', directory, '', ['bind'], ''), /ENOENT|does not exist/);
    await assert.rejects(mount('/nope', directory, '', ['bnid'], ''), /unknown mount flag/);
  });
});

describe('namespaces', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-namespaces-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('live without a process until they are let go, and this process stays where it was', async () => {
    const pins = { net: join(directory, 'net'), uts: join(directory, 'uts'), ipc: join(directory, 'ipc') };
    const home = await readlink('/proc/self/ns/net');
    await pinNamespaces(pins, { hostname: 'pod', sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' } });
    assert.equal(await readlink('/proc/self/ns/net'), home);
    assert.equal(isPinned(pins.net), true);
    const script = 'hostname; ip -br link show lo; cat /proc/sys/net/ipv4/ip_unprivileged_port_start';
    const { stdout } = await run('nsenter', [`--net=${pins.net}`, `--uts=${pins.uts}`, 'sh', '-c', script]);
    assert.match(stdout, /^pod\nlo .*LOOPBACK,UP.*\n0\n$/);
    for (const path of Object.values(pins)) await unpin(path);
    assert.equal(isPinned(pins.net), false);
    assert.deepEqual(await readdir(directory), []);
    await unpin(pins.net);
  });

  it('leave nothing when a setting is refused', async () => {
    const pins = { net: join(directory, 'net') };
    const refused = { 'net.nope': '1', 'net.ipv4.tcp_syncookies': 'no number', 'net.ipv4.conf.lo/1.forwarding': '1' };
    for (const [name, value] of Object.entries(refused)) {
      const pinning = pinNamespaces(pins, { hostname: 'pod', sysctls: { [name]: value } });
      await assert.rejects(pinning, (error) => {
        const path = name.replaceAll('.', ' ').replaceAll('/', '.').replaceAll(' ', '/');
        return hasReason(error, 'Invalid') && messageOf(error).includes(`/proc/sys/${path}`);
      });
    }
    assert.deepEqual(await readdir(directory), []);
  });
});
