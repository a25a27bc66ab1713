import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forbiddenSysctl } from '../../../agent/pods/sysctls.ts';
import { readSettings } from '../../../agent/settings.ts';
import { ApiError } from '../../../shared/errors.ts';
import type { Pod, PodSpec, Stored } from '../../../shared/objects/types.ts';
import { Bench, withContainer } from './bench.ts';

const asking = (name: string, spec: Partial<PodSpec> = {}): Stored<Pod> =>
  withContainer({}, { ...spec, securityContext: { sysctls: [{ name, value: '1' }] } });

describe('which sysctls a pod may have', () => {
  const problemOf = (name: string, spec: Partial<PodSpec> = {}, allowed: string[] = []): string | undefined =>
    forbiddenSysctl({ containers: [], ...asking(name, spec).spec }, allowed);

  it('is the safe ones, whichever way they are written', () => {
    const safe = ['kernel.shm_rmid_forced', 'net.ipv4.tcp_syncookies', 'net/ipv4/ip_unprivileged_port_start'];
    for (const name of safe) assert.equal(problemOf(name), undefined);
    const others = ['net.core.somaxconn', 'net/core/somaxconn', 'kernel.msgmax', 'fs.mqueue.msg_max', 'vm.swappiness'];
    for (const name of others) assert.match(problemOf(name) ?? '', /^"[a-z_.]+" not allowlisted$/);
    assert.equal(problemOf('net.ipv4.tcp_syncookies_more'), '"net.ipv4.tcp_syncookies_more" not allowlisted');
  });

  it('is also what the node allows, by name or by its beginning', () => {
    assert.equal(problemOf('net.core.somaxconn', {}, ['net.core.somaxconn']), undefined);
    assert.equal(problemOf('net.core.somaxconn', {}, ['kernel.msg*', 'net/core/*']), undefined);
    assert.equal(problemOf('kernel.msgmax', {}, ['kernel.msg*']), undefined);
    assert.notEqual(problemOf('net.core.somaxconn', {}, ['net.core', 'net.ipv4.*']), undefined);
    assert.notEqual(problemOf('net.core.somaxconn', {}, ['net.core.somaxcon']), undefined);
  });

  it('is none of a namespace that the pod shares with its host', () => {
    const [onNetwork, onIpc] = [{ hostNetwork: true }, { hostIPC: true }];
    const net = '"net.core.somaxconn" not allowed with host net enabled';
    assert.equal(problemOf('net/core/somaxconn', onNetwork, ['net.*']), net);
    assert.match(problemOf('net.ipv4.tcp_syncookies', onNetwork) ?? '', /host net enabled/);
    assert.match(problemOf('kernel.shm_rmid_forced', onIpc) ?? '', /host ipc enabled/);
    assert.equal(problemOf('net.ipv4.tcp_syncookies', onIpc), undefined);
    assert.equal(problemOf('kernel.shm_rmid_forced', onNetwork), undefined);
  });

  it('is set for a node by a flag, which takes no setting of the whole host', () => {
    const read = (...values: string[]): string[] =>
      readSettings(values.flatMap((value) => ['--allowed-unsafe-sysctls', value])).allowedUnsafeSysctls;
    assert.deepEqual(read(), []);
    assert.deepEqual(read('net.*,kernel.sem', 'fs.mqueue.*'), ['net.*', 'kernel.sem', 'fs.mqueue.*']);
    for (const value of ['*', 'vm.swappiness', 'kernel.*', 'net.*,', 'net.*x', 'net', 'fs.mqueue']) {
      assert.throws(() => read(value), /allowed-unsafe-sysctls: .* is no setting that pods have for themselves/, value);
    }
  });
});

describe('a pod with sysctls', () => {
  let directory: string;
  let bench: Bench;
  beforeEach(async () => {
    directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-pods-'));
    bench = new Bench(directory);
  });
  afterEach(async () => {
    await bench.stop();
    await rm(directory, { recursive: true });
  });

  const shown = (pod: Stored<Pod>): (string | undefined)[] => {
    const { phase, reason, message } = bench.statusOf(pod);
    return [phase, reason, message];
  };
  const warnings = (): string[] =>
    bench.link.events.filter(({ type }) => type === 'Warning').map(({ reason, message }) => `${reason}: ${message}`);

  it('that are forbidden has failed at once, for good, even when its volumes cannot be made', async () => {
    bench.volumesError = new Error('configmap "cm" not found');
    await bench.start();
    const pod = asking('net.core.somaxconn');
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).phase === 'Failed');
    const message = 'forbidden sysctl: "net.core.somaxconn" not allowlisted';
    assert.deepEqual(shown(pod), ['Failed', 'SysctlForbidden', `Pod was rejected: ${message}`]);
    bench.volumesError = undefined;
    await bench.stop();
    await bench.start();
    await bench.clock.advance(120_000);
    assert.deepEqual(shown(pod).slice(0, 2), ['Failed', 'SysctlForbidden']);
    assert.deepEqual(warnings(), [`SysctlForbidden: ${message}`]);
    assert.equal(bench.runtime.sandboxConfigs.size, 0);
    bench.delete(pod, 0);
    await bench.until(() => bench.link.last(pod.metadata.uid)?.finished === true);
  });

  it('that the node allows has them', async () => {
    bench.allowedUnsafeSysctls = ['net.core.*'];
    await bench.start();
    const pod = asking('net.core.somaxconn');
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    const [config] = bench.runtime.sandboxConfigs.values();
    assert.deepEqual(config?.sysctls, { 'net.core.somaxconn': '1' });
  });

  it('whose value the kernel refuses has failed, and does not wait for ever', async () => {
    const problem = 'the kernel refuses a sysctl: EINVAL: invalid argument';
    bench.runtime.sandboxFailures.push(new ApiError('Invalid', problem));
    await bench.start();
    const pod = asking('net.ipv4.tcp_syncookies');
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.statusOf(pod).phase === 'Failed');
    assert.deepEqual(shown(pod), ['Failed', 'SysctlRefused', `Pod was rejected: ${problem}`]);
    await bench.clock.advance(120_000);
    assert.deepEqual(warnings(), [`SysctlRefused: ${problem}`]);
  });
});
