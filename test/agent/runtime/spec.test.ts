import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSecurity, SandboxId } from '../../../agent/runtime/driver.ts';
import { signalNumber } from '../../../agent/runtime/oci/container-maker.ts';
import { argumentsOf, buildSpec, environmentOf } from '../../../agent/runtime/oci/spec/build-spec.ts';
import { capabilitiesFor, capabilitiesOfMask } from '../../../agent/runtime/oci/spec/capabilities.ts';
import { readInside, resolveInside } from '../../../agent/runtime/oci/spec/inside-root.ts';
import { defaultSeccomp, parseSeccomp } from '../../../agent/runtime/oci/spec/seccomp.ts';
import { resolveUser } from '../../../agent/runtime/oci/spec/user.ts';
import { sandboxSysctls } from '../../../agent/runtime/oci/sysctls.ts';
import { hasReason } from '../../../shared/errors.ts';

const plain: ContainerSecurity = {
  privileged: false,
  runAsNonRoot: false,
  supplementalGroups: [],
  addCapabilities: [],
  dropCapabilities: [],
  readOnlyRootFilesystem: false,
  allowPrivilegeEscalation: true,
  seccomp: { type: 'RuntimeDefault' },
  isGroupListStrict: false,
  hasSeLinuxOptions: false,
  isProcUnmasked: false,
};
const isBadRequest = (error: unknown): boolean => hasReason(error, 'BadRequest');

describe('the command of a container', () => {
  const image = { Entrypoint: ['entry'], Cmd: ['default'] };

  it('follows the rules of Kubernetes for what replaces what', () => {
    assert.deepEqual(argumentsOf({}, image), ['entry', 'default']);
    assert.deepEqual(argumentsOf({ args: ['a'] }, image), ['entry', 'a']);
    assert.deepEqual(argumentsOf({ command: ['c'] }, image), ['c']);
    assert.deepEqual(argumentsOf({ command: ['c'], args: ['a'] }, image), ['c', 'a']);
    assert.throws(() => argumentsOf({}, {}), isBadRequest);
  });

  it('has the last value of each variable', () => {
    const config = {
      tty: false,
      env: [
        { name: 'A', value: '2' },
        { name: 'A', value: '3=4' },
      ],
    };
    const env = environmentOf(config, { Env: ['A=1', '=nameless', '', 'B=x=y'] }, 'pod');
    assert.deepEqual(env.slice(1), ['HOSTNAME=pod', 'A=3=4', 'B=x=y']);
  });

  it('is stopped by the signal of the image', () => {
    assert.deepEqual(['', 'SIGQUIT', 'int', '3', 'SIGRTMIN+3', 'nonsense'].map(signalNumber), [15, 3, 2, 3, 37, 15]);
  });
});

describe('capabilities', () => {
  const all = capabilitiesOfMask('1ffffffffff');

  it('are added and dropped by name, with ALL on either side', () => {
    assert.deepEqual(capabilitiesFor({ ...plain, dropCapabilities: ['ALL'], addCapabilities: ['cap_chown'] }, all), [
      'CAP_CHOWN',
    ]);
    const without = capabilitiesFor({ ...plain, addCapabilities: ['ALL'], dropCapabilities: ['SYS_ADMIN'] }, all);
    assert.equal(without.length, all.size - 1);
    assert.equal(capabilitiesFor(plain, all).length, 14);
  });

  it('are never more than this process has', () => {
    const few = capabilitiesOfMask('1');
    assert.deepEqual(capabilitiesFor({ ...plain, privileged: true }, few), ['CAP_CHOWN']);
  });
});

describe('files of an image', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-root-'));
    await mkdir(join(root, 'etc'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('are looked up as a program in the image would, never outside of it', async () => {
    await symlink('/../../../../etc', join(root, 'out'));
    await symlink('loop', join(root, 'loop'));
    assert.equal(await resolveInside(root, '/out/passwd'), join(root, 'etc/passwd'));
    assert.equal(await resolveInside(root, '../../x'), join(root, 'x'));
    await assert.rejects(resolveInside(root, 'loop'), /too many/);
    await symlink('/etc/shadow', join(root, 'etc/passwd'));
    assert.equal(await readInside(root, '/etc/passwd'), '');
  });

  it('name the user and its groups', async () => {
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/:\nweb:x:1000:1001::/:\nbroken\n');
    await writeFile(join(root, 'etc/group'), 'web:x:1001:\nextra:x:2000:other,web\n');
    const user = (name: string, security: Partial<ContainerSecurity> = {}) =>
      resolveUser(root, name, { ...plain, ...security });
    assert.deepEqual(await user('web'), { uid: 1000, gid: 1001, additionalGids: [2000] });
    assert.deepEqual(await user('web:extra'), { uid: 1000, gid: 2000, additionalGids: [2000] });
    assert.deepEqual(await user('4242'), { uid: 4242, gid: 0, additionalGids: [] });
    assert.deepEqual(await user('web', { runAsUser: 5, runAsGroup: 6, supplementalGroups: [9, 8] }), {
      uid: 5,
      gid: 6,
      additionalGids: [8, 9],
    });
    await assert.rejects(user('nobody-here'), isBadRequest);
    await assert.rejects(user('', { runAsNonRoot: true }), isBadRequest);
    await user('web', { runAsNonRoot: true });
  });
});

describe('seccomp', () => {
  const namesWith = (profile: ReturnType<typeof defaultSeccomp>, action: string): string[] =>
    profile.syscalls.filter((rule) => rule.action === action && rule.args === undefined).flatMap(({ names }) => names);

  it('allows by capability what is refused without it', () => {
    const without = defaultSeccomp(new Set());
    assert.ok(namesWith(without, 'SCMP_ACT_ERRNO').includes('mount'));
    assert.ok(!namesWith(without, 'SCMP_ACT_ERRNO').includes('clone3'));
    const admin = defaultSeccomp(new Set(['CAP_SYS_ADMIN']));
    assert.ok(namesWith(admin, 'SCMP_ACT_ALLOW').includes('mount'));
    assert.ok(!namesWith(admin, 'SCMP_ACT_ERRNO').includes('mount'));
    assert.ok(namesWith(admin, 'SCMP_ACT_ERRNO').includes('keyctl'));
  });

  it('decides conditions of the containers format', () => {
    const rule = (name: string, more: object): object => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more });
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [],
      syscalls: [
        rule('read', { comment: 'x', includes: {}, excludes: {} }),
        rule('mount', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
        rule('clone', { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
        rule('arm', { includes: { arches: ['arm64'] } }),
      ],
    });
    const names = (capabilities: string[]): string[] =>
      parseSeccomp(text, new Set(capabilities), 'x64').syscalls.flatMap(({ names }) => names);
    assert.deepEqual(names([]), ['read', 'clone']);
    assert.deepEqual(names(['CAP_SYS_ADMIN']), ['read', 'mount']);
    assert.throws(() => parseSeccomp('{}', new Set()), isBadRequest);
    assert.throws(() => parseSeccomp('no', new Set()), isBadRequest);
  });
});

describe('the cgroups that a container sees', () => {
  const mounted = (
    isPrivileged: boolean,
    isCgroup2: boolean,
    containerPath?: string,
  ): [options: string, ro: boolean] => {
    const volume = {
      containerPath: containerPath ?? '/data',
      hostPath: '/x',
      readOnly: false,
      propagation: 'private',
    } as const;
    const { mounts, linux } = buildSpec({
      config: {
        sandbox: 'sandbox' as SandboxId,
        pod: { namespace: 'default', name: 'web', uid: 'uid' },
        name: 'main',
        attempt: 0,
        imageId: 'sha256:1',
        image: 'web',
        env: [],
        mounts: [volume],
        security: { ...plain, privileged: isPrivileged },
        resources: { cpuRequestMillis: 1, pidsLimit: 10, oomScoreAdj: 0 },
        tty: false,
        stdin: false,
        stdinOnce: false,
        logPath: '/log',
        specHash: '',
      },
      image: { Cmd: ['web'] },
      sandbox: {
        hostname: 'web',
        files: { hosts: '', hostname: '', resolvConf: '', shm: '' },
        namespaces: {},
        hostPid: false,
      },
      rootfs: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      host: {
        capabilities: new Set(),
        openFiles: 1024,
        minOomScoreAdj: 0,
        cgroups: { controllers: new Set(), hasSwapAccounting: false },
      },
      cgroupsPath: '/x',
      isCgroup2,
      seccomp: undefined,
      devices: [],
    });
    const options = mounts.find(({ destination }) => destination === '/sys/fs/cgroup')?.options ?? [];
    return [options.at(-1) ?? '', linux.readonlyPaths.includes('/sys/fs/cgroup')];
  };

  it('are read-only, whichever version they have, unless it is privileged or mounts its own', () => {
    for (const isCgroup2 of [false, true]) {
      assert.deepEqual(mounted(false, isCgroup2), ['ro', true]);
      assert.deepEqual(mounted(true, isCgroup2), ['rw', false]);
      assert.deepEqual(mounted(false, isCgroup2, '/sys/fs/cgroup/'), ['rw', false]);
      assert.deepEqual(mounted(false, isCgroup2, '/sys/fs/cgroup/mine'), ['ro', true]);
    }
  });
});

describe('settings of the kernel', () => {
  it('are only those of the namespaces a pod has', () => {
    const given =
      (sysctls: Record<string, string>, host = false) =>
      () =>
        sandboxSysctls({ sysctls, hostNetwork: host, hostIpc: host });
    assert.equal(given({ 'net.core.somaxconn': '9' })()['net.core.somaxconn'], '9');
    assert.equal(given({ 'kernel.shm_rmid_forced': '1' })()['net.ipv4.ip_unprivileged_port_start'], '0');
    for (const name of [
      'kernel.panic',
      'vm.swappiness',
      'net./../kernel/panic',
      'net...kernel',
      'kernel/../net.x',
      '',
    ]) {
      assert.throws(given({ [name]: '1' }), isBadRequest, name);
    }
    assert.throws(given({ 'net.core.somaxconn': '9' }, true), isBadRequest);
    assert.throws(given({ 'kernel.msgmax': '9' }, true), isBadRequest);
  });
});
