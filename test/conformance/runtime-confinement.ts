import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mount, unmount } from '../../agent/host/mounts.ts';
import type { ContainerSecurity } from '../../agent/runtime/driver.ts';
import { hasReason, messageOf } from '../../shared/errors.ts';
import { aContainer, aSandbox, ranToEnd, type RuntimeBench } from './runtime-bench.ts';
import { needsLimit } from '../support/needs-limit.ts';

/** Part of the suite in runtime-driver.ts. */
export function confinementTests(given: () => RuntimeBench): void {
  it('cannot write to a read-only root, but to its volumes', async () => {
    const bench = given();
    const hostPath = join(bench.directory, 'volume');
    await mkdir(hostPath, { recursive: true });
    const mounts = [{ hostPath, containerPath: '/data', readOnly: false, propagation: 'private' as const }];
    const { output } = await ranToEnd(bench, 'touch /x 2>/dev/null || echo no; echo text > /data/file && echo yes', {
      mounts,
      security: { readOnlyRootFilesystem: true },
    });
    assert.equal(output, 'no\nyes');
    assert.equal(await readFile(join(hostPath, 'file'), 'utf8'), 'text\n');
  });

  it('cannot write to a read-only volume', async () => {
    const bench = given();
    const hostPath = join(bench.directory, 'read-only');
    await writeFile(hostPath, 'kept');
    const mounts = [{ hostPath, containerPath: '/etc/conf', readOnly: true, propagation: 'private' as const }];
    const { output } = await ranToEnd(bench, 'cat /etc/conf; echo; echo no > /etc/conf', { mounts });
    assert.equal(output.split('\n')[0], 'kept');
    assert.equal(await readFile(hostPath, 'utf8'), 'kept');
  });

  it('runs as the user and groups of its spec', async () => {
    const security = { runAsUser: 1000, supplementalGroups: [77] };
    const { output } = await ranToEnd(given(), 'id -u; id -g; id -G; grep CapEff /proc/self/status', { security });
    const [uid, gid, groups, capabilities] = output.split('\n');
    assert.deepEqual([uid, gid], ['1000', '1001']);
    assert.deepEqual(groups?.split(' ').sort(), ['1001', '2000', '77']);
    assert.match(capabilities ?? '', /0000000000000000$/);
  });

  it('does not run as root when it must not', async () => {
    const bench = given();
    const config = aContainer(bench, await aSandbox(bench), 'true', { security: { runAsNonRoot: true } });
    await assert.rejects(
      async () => bench.driver.startContainer(await bench.driver.createContainer(config)),
      (error) => hasReason(error, 'BadRequest'),
    );
  });

  it('cannot change its own limits: cgroups are read-only unless it is privileged', async () => {
    const tries = `grep " /sys/fs/cgroup" /proc/self/mounts
      for dir in /sys/fs/cgroup /sys/fs/cgroup/*/; do
        mkdir $dir/mine 2>/dev/null && echo written $dir/mine && rmdir $dir/mine
        for file in cgroup.procs tasks memory.limit_in_bytes memory.max; do
          [ ! -e $dir/$file ] || (echo 1 > $dir/$file) 2>/dev/null && [ -e $dir/$file ] && echo written $dir/$file
        done
      done; mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted; true`;
    const { output } = await ranToEnd(given(), tries);
    assert.match(output, /cgroup/);
    assert.doesNotMatch(output, /written|remounted/);
    const privileged = await ranToEnd(given(), tries, { security: { privileged: true } });
    assert.match(privileged.output, /written/);
  });

  it('has the capabilities of its spec and no more', async () => {
    const show = 'grep CapEff /proc/self/status';
    const few = { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE', 'CAP_CHOWN'] };
    assert.match((await ranToEnd(given(), show, { security: few })).output, /0000000000000401$/);
    assert.match((await ranToEnd(given(), show)).output, /00000000a80425fb$/);
  });

  it('gains no privileges when that is not allowed', async () => {
    const show = 'grep NoNewPrivs /proc/self/status';
    assert.match((await ranToEnd(given(), show, { security: { allowPrivilegeEscalation: false } })).output, /1$/);
    assert.match((await ranToEnd(given(), show)).output, /0$/);
  });

  it('cannot write below a read-only volume either when that is asked for', async () => {
    const bench = given();
    const hostPath = join(bench.directory, 'outer');
    await mkdir(join(hostPath, 'inner'), { recursive: true });
    await mount('inner', join(hostPath, 'inner'), 'tmpfs', [], '');
    try {
      const script = '(echo x > /data/inner/file) 2>/dev/null && echo written || echo refused';
      const given = { hostPath, containerPath: '/data', propagation: 'private' as const };
      const plain = await ranToEnd(bench, script, { mounts: [{ ...given, readOnly: true }] });
      assert.equal(plain.output, 'written');
      const recursive = await ranToEnd(bench, script, { mounts: [{ ...given, readOnly: 'recursive' }] });
      assert.equal(recursive.output, 'refused');
    } finally {
      await unmount(join(hostPath, 'inner'));
    }
  });

  it('is not made when the isolation that is asked for cannot be given', async () => {
    const bench = given();
    const refused = async (security: Partial<ContainerSecurity>, message: RegExp): Promise<void> => {
      const sandbox = await aSandbox(bench);
      const config = aContainer(bench, sandbox, 'true', { security });
      await assert.rejects(bench.driver.createContainer(config), (error) => {
        assert.match(messageOf(error), message);
        return hasReason(error, 'Forbidden');
      });
      assert.deepEqual(await bench.driver.listContainers(sandbox.pod.uid), []);
    };
    await refused({ seccomp: { type: 'Localhost', path: 'absent.json' } }, /seccomp\/absent.json cannot be read/);
    await refused({ seccomp: { type: 'Localhost', path: '../../etc/passwd' } }, /seccomp\/etc\/passwd cannot be read/);
    await refused({ hasSeLinuxOptions: true }, /Cannot enforce seLinuxOptions/);
    await refused({ appArmor: { type: 'Localhost', profile: 'absent' } }, /Cannot enforce AppArmor/);
    await refused({ addCapabilities: ['SYS_GOD'] }, /unknown capability/);
    await refused({ isProcUnmasked: true }, /procMount: Unmasked needs hostUsers: false/);
    const shared = aSandbox(bench, { hostUsers: false, sharePid: true });
    await assert.rejects(shared, (error) => hasReason(error, 'Forbidden'));
  });

  it('is refused system calls that are not a container’s business', async () => {
    const { output } = await ranToEnd(given(), 'unshare -m true 2>&1; mount -t tmpfs x /tmp 2>&1; echo "code $?"');
    assert.match(output, /not permitted/i);
    assert.doesNotMatch(output, /code 0/);
  });

  it('cannot have more processes than its limit', async function () {
    await needsLimit(this, 'pids');
    const script = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done; echo all';
    const { output } = await ranToEnd(given(), script, { resources: { pidsLimit: 10 } });
    assert.doesNotMatch(output, /^all$/m);
  });

  it('sees neither processes nor mounts of the host', async () => {
    const { output } = await ranToEnd(
      given(),
      'echo $$; ls /sys/firmware /proc/scsi | wc -l; echo 1 > /proc/sys/kernel/panic',
    );
    assert.match(output, /^1$/m);
    assert.match(output, /read-only/i);
  });

  it('has all that this process has when it is privileged', async () => {
    const script = 'mount -t tmpfs x /tmp && echo mounted; test -w /sys && test -c /dev/null && echo writable';
    const { output } = await ranToEnd(given(), script, { security: { privileged: true } });
    assert.equal(output, 'mounted\nwritable');
  });
}
