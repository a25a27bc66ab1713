import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listMounts, mount, unmount } from '../../../agent/host/mounts.ts';
import { NodeVolumes } from '../../../agent/volumes/node-volumes.ts';
import { hasReason } from '../../../shared/errors.ts';
import type { KubeObject, Pod, PodSpec, Stored, Volume } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';
import { needsRoot } from '../../support/needs.ts';

function podWith(volumes: Volume[], spec: Partial<PodSpec> = {}): Stored<Pod> {
  const pod = aPod({ labels: { app: 'web', tier: 'a"b' } });
  return { ...pod, spec: { containers: [], ...pod.spec, ...spec, volumes } };
}

describe('NodeVolumes', () => {
  let directory: string;
  let objects: Record<string, object>;
  let volumes: NodeVolumes;

  const put = (resource: string, name: string, content: object): void => {
    objects[`${resource}/default/${name}`] = { metadata: { name }, ...content };
  };
  const pathOf = async (pod: Stored<Pod>, name: string): Promise<string> => {
    const path = (await volumes.prepare(pod)).get(name);
    assert.ok(path !== undefined);
    return path;
  };

  before(function () {
    needsRoot(this); // mounts and owners
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-volumes-'));
    objects = {};
    const find = (resource: string, namespace: string, name: string): KubeObject | undefined =>
      objects[`${resource}/${namespace}/${name}`] as KubeObject | undefined;
    const paths = { pods: join(directory, 'pods'), secrets: join(directory, 'secrets') };
    volumes = new NodeVolumes({ paths, config: { find }, allocatable: { cpu: 4000, memory: 8 << 20 } });
  });

  afterEach(async () => {
    for (const point of await listMounts(directory)) await unmount(point);
    await rm(directory, { recursive: true, force: true });
  });

  it('shows the keys of a config map and swaps an update in at once', async () => {
    put('configmaps', 'cm', { data: { a: '1', b: '2' }, binaryData: { c: Buffer.from([0, 255]).toString('base64') } });
    const pod = podWith([{ name: 'v', configMap: { name: 'cm', defaultMode: 0o600 } }]);
    const path = await pathOf(pod, 'v');
    assert.equal(await readFile(join(path, 'a'), 'utf8'), '1');
    assert.deepEqual(await readFile(join(path, 'c')), Buffer.from([0, 255]));
    assert.equal((await stat(join(path, 'a'))).mode & 0o777, 0o600);
    const before = (await lstat(join(path, '..data'))).ino;
    await volumes.prepare(pod);
    assert.equal((await lstat(join(path, '..data'))).ino, before, 'wrote although nothing changed');
    put('configmaps', 'cm', { data: { a: '3' } });
    await volumes.prepare(pod);
    assert.equal(await readFile(join(path, 'a'), 'utf8'), '3');
    assert.deepEqual(
      (await readdir(path)).filter((name) => !name.startsWith('..')),
      ['a'],
    );
    assert.equal((await readdir(path)).length, 3, 'old data is left');
  });

  it('shows chosen keys at chosen paths with their modes', async () => {
    put('secrets', 's', { data: { key: Buffer.from('x').toString('base64'), other: '' } });
    const items = [{ key: 'key', path: 'deep/er/key.pem', mode: 0o400 }];
    const path = await pathOf(podWith([{ name: 'v', secret: { secretName: 's', items } }]), 'v');
    assert.equal(await readFile(join(path, 'deep/er/key.pem'), 'utf8'), 'x');
    assert.equal((await stat(join(path, 'deep/er/key.pem'))).mode & 0o777, 0o400);
  });

  it('keeps secrets in memory and gives them to the group of the pod', async () => {
    put('secrets', 's', { data: { k: Buffer.from('x').toString('base64') } });
    const securityContext = { fsGroup: 2000 };
    const path = await pathOf(
      podWith([{ name: 'v', secret: { secretName: 's', defaultMode: 0o400 } }], { securityContext }),
      'v',
    );
    assert.equal((await statfs(path)).type, 0x01021994);
    const { gid, mode } = await stat(join(path, 'k'));
    assert.deepEqual([gid, mode & 0o777], [2000, 0o440]);
  });

  it('names what is missing, unless it is optional', async () => {
    const missing = podWith([{ name: 'v', configMap: { name: 'gone' } }]);
    await assert.rejects(volumes.prepare(missing), (error) => {
      assert.ok(hasReason(error, 'NotFound'));
      assert.equal(error.message, 'MountVolume.SetUp failed for volume "v" : configmap "gone" not found');
      return true;
    });
    const optional = podWith([{ name: 'v', configMap: { name: 'gone', optional: true } }]);
    assert.deepEqual(
      (await readdir(await pathOf(optional, 'v'))).filter((name) => !name.startsWith('..')),
      [],
    );
    put('secrets', 's', { data: {} });
    const key = podWith([{ name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: 'k' }] } }]);
    await assert.rejects(volumes.prepare(key), /references non-existent secret key: k/);
  });

  it('refuses a path that leads out of the volume', async () => {
    put('configmaps', 'cm', { data: { a: '1' } });
    for (const path of ['../x', '/x', 'a/../../x', '..data']) {
      const pod = podWith([{ name: 'v', configMap: { name: 'cm', items: [{ key: 'a', path }] } }]);
      await assert.rejects(volumes.prepare(pod), /invalid path/);
    }
  });

  it('shows fields of the pod, and several sources in one volume', async () => {
    put('configmaps', 'cm', { data: { a: '1' } });
    const downwardAPI = { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] };
    const pod = podWith([{ name: 'v', projected: { sources: [{ configMap: { name: 'cm' } }, { downwardAPI }] } }]);
    const path = await pathOf(pod, 'v');
    assert.equal(await readFile(join(path, 'labels'), 'utf8'), 'app="web"\ntier="a\\"b"');
    assert.equal(await readFile(join(path, 'a'), 'utf8'), '1');
  });

  it('writes the tokens that came for this very pod, and new ones in their place', async () => {
    const source = { serviceAccountToken: { path: 'token', audience: 'mail', expirationSeconds: 600 } };
    const pod = podWith([{ name: 'v', projected: { sources: [source] } }]);
    const { name, uid } = pod.metadata;
    const come = (token: string, of = uid): void =>
      put('tokens', name, { metadata: { name, uid: of }, tokens: { '600 mail': token } });
    await assert.rejects(volumes.prepare(pod), /no token of serviceaccount "default" yet/);
    come('foreign', 'another-uid');
    await assert.rejects(volumes.prepare(pod), /no token of serviceaccount/);
    for (const token of ['first', 'second']) {
      come(token);
      assert.equal(await readFile(join(await pathOf(pod, 'v'), 'token'), 'utf8'), token);
    }
  });

  it('lets those read a token who run the pod: its one user, its group, or everybody', async () => {
    const projected = { defaultMode: 0o644, sources: [{ serviceAccountToken: { path: 'token' } }] };
    const ownerOf = async (spec: object): Promise<[string, number, number]> => {
      const pod = podWith([{ name: 'v', projected }], spec);
      const { name, uid } = pod.metadata;
      put('tokens', name, { metadata: { name, uid }, tokens: { '3600 ': 'secret' } });
      const { mode, uid: owner, gid } = await stat(join(await pathOf(pod, 'v'), 'token'));
      return [(mode & 0o777).toString(8), owner, gid];
    };
    const two = [{ name: 'a', securityContext: { runAsUser: 1 } }, { name: 'b' }];
    assert.deepEqual(await ownerOf({}), ['644', 0, 0]);
    assert.deepEqual(await ownerOf({ securityContext: { runAsUser: 1000 } }), ['600', 1000, 0]);
    assert.deepEqual(await ownerOf({ containers: two }), ['644', 0, 0]);
    assert.deepEqual(await ownerOf({ containers: two, securityContext: { runAsUser: 1 } }), ['600', 1, 0]);
    assert.deepEqual(await ownerOf({ securityContext: { fsGroup: 3000 } }), ['640', 0, 3000]);
  });

  it('makes an empty directory once, in memory when asked, with the group of the pod', async () => {
    const pod = podWith(
      [
        { name: 'disk', emptyDir: {} },
        { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
      { securityContext: { fsGroup: 3000 } },
    );
    const disk = await pathOf(pod, 'disk');
    const { mode, gid } = await stat(disk);
    assert.deepEqual([mode & 0o7777, gid], [0o2777, 3000]);
    await writeFile(join(disk, 'kept'), 'x');
    const memory = await pathOf(pod, 'mem');
    assert.ok(existsSync(join(disk, 'kept')));
    const { type, blocks, bsize } = await statfs(memory);
    assert.deepEqual([type, blocks * bsize], [0x01021994, 1 << 20]);
  });

  it('checks and makes host paths by their type', async () => {
    const path = join(directory, 'host');
    const prepare = (type: string): Promise<string> => pathOf(podWith([{ name: 'v', hostPath: { path, type } }]), 'v');
    await assert.rejects(prepare('Directory'), /hostPath type check failed/);
    assert.equal(await prepare('DirectoryOrCreate'), path);
    assert.ok((await stat(path)).isDirectory());
    await assert.rejects(prepare('File'), /is not a file/);
    await assert.rejects(prepare('Socket'), /is not a socket file/);
  });

  it('gives a container a part of a volume, and never what lies outside of it', async () => {
    const pod = podWith([{ name: 'v', emptyDir: {} }]);
    const path = await pathOf(pod, 'v');
    const sub = { podUid: pod.metadata.uid, volume: 'v', container: 'main', index: 0 };
    const target = await volumes.subPath({ ...sub, path: 'a/b' });
    await writeFile(join(path, 'a/b/file'), 'x');
    assert.equal(await readFile(join(target, 'file'), 'utf8'), 'x');
    await symlink('/etc', join(path, 'out'));
    const isForbidden = (error: unknown): boolean => hasReason(error, 'Forbidden');
    await assert.rejects(volumes.subPath({ ...sub, path: 'out' }), isForbidden);
    await assert.rejects(volumes.subPath({ ...sub, path: 'out/new' }), isForbidden);
    await assert.rejects(volumes.subPath({ ...sub, path: '../x' }), isForbidden);
    await writeFile(join(path, 'one'), 'file');
    assert.equal(await readFile(await volumes.subPath({ ...sub, index: 1, path: 'one' }), 'utf8'), 'file');
  });

  it('removes everything of a pod but nothing that is mounted in it', async () => {
    const canary = join(directory, 'canary');
    await mkdir(canary);
    await writeFile(join(canary, 'alive'), 'x');
    const pod = podWith([
      { name: 'v', emptyDir: {} },
      { name: 'mem', emptyDir: { medium: 'Memory' } },
      { name: 'host', hostPath: { path: canary } },
    ]);
    const path = await pathOf(pod, 'v');
    await volumes.subPath({ podUid: pod.metadata.uid, volume: 'host', container: 'main', index: 0, path: '' });
    await mkdir(join(path, 'nested'));
    await mount(canary, join(path, 'nested'), '', ['bind'], '');
    assert.deepEqual(await volumes.list(), [pod.metadata.uid]);
    await volumes.remove(pod.metadata.uid);
    await volumes.remove(pod.metadata.uid);
    assert.equal(await readFile(join(canary, 'alive'), 'utf8'), 'x');
    assert.equal(existsSync(path), false);
    assert.deepEqual(await listMounts(join(directory, 'pods')), []);
  });
});
