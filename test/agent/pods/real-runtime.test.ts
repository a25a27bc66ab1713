import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultRotation } from '../../../agent/logs/log-rotator.ts';
import { NodeLogs } from '../../../agent/logs/node-logs.ts';
import { DesiredConfig } from '../../../agent/pods/desired-config.ts';
import { PodManager } from '../../../agent/pods/pod-manager.ts';
import { NodeProber } from '../../../agent/probes/node-prober.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import { NodeVolumes } from '../../../agent/volumes/node-volumes.ts';
import { systemClock } from '../../../shared/clock.ts';
import { DiskReserve } from '../../../shared/disk-reserve.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { Container, ContainerStatus, Pod, PodSpec, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import { FakeLink } from '../../fakes/fake-link.ts';
import { aPod } from '../../objects.ts';
import { until } from '../../support/until.ts';
import { type OciBench, openOciBench } from '../runtime/oci-bench.ts';
import { needsLimit } from '../../support/needs-limit.ts';
import { needsRoot } from '../../support/needs.ts';

/** Pods on real containers: everything of the agent but the bus. */
/** Small files, so that a flood on a busy machine is rotated soon. */
const rotation = { ...defaultRotation, fileBytes: 1 << 20 };

describe('pods with real containers', function () {
  this.timeout(60_000);
  let bench: OciBench;
  let link: FakeLink;
  let scope: Scope;

  const start = async (): Promise<void> => {
    scope = new Scope('agent');
    const { driver, paths } = bench;
    const common = { driver, link, paths, clock: systemClock, log: silentLogger };
    await mkdir(paths.state, { recursive: true });
    const config = new DesiredConfig(link.desired);
    const logs: NodeLogs = new NodeLogs({ ...common, keptPods: () => pods.pods(), rotation });
    const pods: PodManager = new PodManager({
      ...common,
      logs,
      volumes: new NodeVolumes({ paths, config, allocatable: {} }),
      prober: new NodeProber({ driver, clock: systemClock }),
      node: { name: 'n1', hostname: 'n1', hostIP: '127.0.0.1', memoryBytes: 1 << 30, allocatable: {} },
      api: () => undefined,
      reserve: new DiskReserve(paths.reserve, 1 << 20),
      measureTree: () => Promise.resolve(0),
      hostDns: () => Promise.resolve({ servers: [], searches: [], options: [] }),
    });
    await pods.run(scope);
    await logs.run(scope);
  };

  const shell = (script: string, container: Partial<Container> = {}, spec: Partial<PodSpec> = {}): Stored<Pod> => {
    const pod = aPod();
    const main = { name: 'main', image: 'busybox:1', command: ['sh', '-c', script], ...container };
    const whole = { ...pod, spec: { ...pod.spec, terminationGracePeriodSeconds: 1, ...spec, containers: [main] } };
    link.desired.set('pods', whole);
    return whole;
  };
  const main = (pod: Stored<Pod>): ContainerStatus | undefined =>
    link.last(pod.metadata.uid)?.status.containerStatuses?.[0];
  const isReady = (pod: Stored<Pod>): boolean => main(pod)?.ready === true;
  const linesOf = (pod: Stored<Pod>): string[] => link.lines.get(`${pod.metadata.uid}/main`) ?? [];
  const remove = async (pod: Stored<Pod>, seconds = 0): Promise<void> => {
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: seconds,
    };
    link.desired.set('pods', { ...pod, metadata });
    await until(() => link.last(pod.metadata.uid)?.finished === true, 'the pod is finished', { withinMs: 20_000 });
    link.desired.remove('pods', 'default', pod.metadata.name);
  };

  before(function () {
    needsRoot(this);
  });

  beforeEach(async () => {
    bench = await openOciBench();
    link = new FakeLink();
    await start();
  });

  afterEach(async () => {
    await scope.close();
    await bench.close();
  });

  it('runs a pod with variables, a config map and a shared directory, and ships what it says', async () => {
    const cm = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cm', namespace: 'default' } };
    link.desired.set('configmaps', { ...cm, data: { greeting: 'hello' } } as typeof cm);
    const pod = shell(
      'echo "$(cat /conf/greeting) $WHO from $IP"; cat /shared/note; exec sleep 1000',
      {
        env: [
          { name: 'WHO', value: 'world' },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
        volumeMounts: [
          { name: 'conf', mountPath: '/conf' },
          { name: 'shared', mountPath: '/shared', subPath: 'deep/er' },
        ],
      },
      {
        volumes: [
          { name: 'conf', configMap: { name: 'cm' } },
          { name: 'shared', emptyDir: {} },
        ],
        initContainers: [
          {
            name: 'init',
            image: 'busybox:1',
            command: ['sh', '-c', 'mkdir -p /shared/deep/er; echo from init > /shared/deep/er/note'],
            volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
          },
        ],
      },
    );
    await until(() => linesOf(pod).length === 2, 'both lines are shipped', { withinMs: 20_000 });
    const ip = link.last(pod.metadata.uid)?.status.podIP ?? '';
    assert.deepEqual(linesOf(pod), [`hello world from ${ip}`, 'from init']);
    await remove(pod, 1);
    assert.deepEqual(await bench.driver.listSandboxes(), []);
    await until(async () => (await readdir(bench.paths.logs)).length === 0, 'the logs are gone', { withinMs: 20_000 });
    assert.deepEqual(await readdir(bench.paths.pods).catch(() => []), []);
  });

  it('shows a changed label in the files of a volume, without a restart', async () => {
    const pod = shell(
      'until grep -q changed /info/labels; do sleep 0.1; done; echo "$(cat /info/labels)"; exec sleep 1000',
      { volumeMounts: [{ name: 'info', mountPath: '/info' }] },
      {
        volumes: [
          { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ],
      },
    );
    await until(() => isReady(pod), 'it runs', { withinMs: 20_000 });
    link.desired.set('pods', { ...pod, metadata: { ...pod.metadata, labels: { app: 'changed' } } });
    await until(() => linesOf(pod).includes('app="changed"'), 'the file has changed', { withinMs: 20_000 });
    assert.equal(main(pod)?.restartCount, 0);
    await remove(pod, 1);
  });

  it('probes by http and restarts by an exec probe', async () => {
    const pod = shell('mkdir /www; echo ok > /www/index.html; httpd -f -p 8080 -h /www', {
      ports: [{ name: 'web', containerPort: 8080 }],
      readinessProbe: { httpGet: { port: 'web' as never, path: '/index.html' }, periodSeconds: 1 },
      livenessProbe: { exec: { command: ['test', '!', '-e', '/tmp/sick'] }, periodSeconds: 1, failureThreshold: 1 },
    });
    await until(() => isReady(pod), 'it is ready', { withinMs: 20_000 });
    const id = (main(pod)?.containerID ?? '').split('://')[1] as ContainerId;
    await bench.driver.execSync(id, ['touch', '/tmp/sick'], 5000);
    await until(() => main(pod)?.restartCount === 1 && isReady(pod), 'it was restarted', { withinMs: 30_000 });
    assert.ok(link.events.some(({ reason }) => reason === 'Unhealthy'));
    await remove(pod);
  });

  it('tells out of memory, exit codes, the termination message and why a command cannot start', async function () {
    await needsLimit(this, 'memory');
    const greedy = shell('tail /dev/zero', { resources: { limits: { memory: '16Mi' } } }, { restartPolicy: 'Never' });
    await until(() => main(greedy)?.state?.terminated !== undefined, 'it has ended', { withinMs: 30_000 });
    assert.equal(main(greedy)?.state?.terminated?.reason, 'OOMKilled');
    assert.equal(main(greedy)?.state?.terminated?.exitCode, 137);
    await remove(greedy);
    const speaking = shell('echo goodbye > /dev/termination-log; exit 3', {}, { restartPolicy: 'Never' });
    await until(() => main(speaking)?.state?.terminated !== undefined, 'it has ended', { withinMs: 20_000 });
    assert.deepEqual(
      [main(speaking)?.state?.terminated?.exitCode, main(speaking)?.state?.terminated?.message],
      [3, 'goodbye\n'],
    );
    await remove(speaking);
    const absent = shell('', { command: ['/nope'] });
    await until(() => main(absent)?.state?.waiting?.reason === 'CrashLoopBackOff', 'backs off', { withinMs: 20_000 });
    assert.equal(main(absent)?.lastState?.terminated?.reason, 'StartError');
    assert.match(main(absent)?.lastState?.terminated?.message ?? '', /nope/);
    await remove(absent);
  });

  it('goes on with the same process and the same line after the agent was killed', async () => {
    const pod = shell('i=0; while true; do echo $i; i=$((i+1)); sleep 0.05; done');
    await until(() => isReady(pod) && linesOf(pod).length > 10, 'it writes', { withinMs: 20_000 });
    const id = main(pod)?.containerID;
    await scope.close();
    await bench.crash();
    const shipped = linesOf(pod).length;
    await start();
    await until(() => linesOf(pod).length > shipped + 10, 'it goes on', { withinMs: 20_000 });
    assert.equal(main(pod)?.containerID, id);
    assert.equal(main(pod)?.restartCount, 0);
    assert.deepEqual(
      linesOf(pod),
      linesOf(pod).map((_line, index) => String(index)),
    );
    await remove(pod);
  });

  it('starts a container again that is killed while the disk is full', async () => {
    await scope.close();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', bench.paths.data]);
    try {
      await bench.crash();
      await start();
      const pod = shell('exec sleep 1000');
      await until(() => isReady(pod), 'it runs', { withinMs: 20_000 });
      const ballast = join(bench.paths.data, 'ballast');
      assert.throws(() => {
        for (;;) appendFileSync(ballast, Buffer.alloc(4096));
      }, /ENOSPC/);
      const id = (main(pod)?.containerID ?? '').split('://')[1] as ContainerId;
      process.kill(Number(await readFile(join(bench.paths.run, 'c', id, 'pidfile'), 'utf8')), 'SIGKILL');
      await until(() => main(pod)?.restartCount === 1 && isReady(pod), 'it runs again', { withinMs: 20_000 });
      assert.equal(main(pod)?.lastState?.terminated?.exitCode, 137);
      const { containerID } = main(pod) ?? {};
      await scope.close();
      await bench.crash();
      await start();
      await until(() => isReady(pod), 'a new agent knows it', { withinMs: 20_000 });
      assert.deepEqual([main(pod)?.containerID, main(pod)?.restartCount], [containerID, 1]);
      await rm(ballast);
      await remove(pod);
    } finally {
      await scope.close();
      execFileSync('umount', [bench.paths.data]);
    }
  });

  it('keeps the log of a flood small and goes on writing', async () => {
    const pod = shell('yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');
    const directory = join(bench.paths.logs, `default_web_${pod.metadata.uid}`, 'main');
    const parts = (): Promise<string[]> => readdir(directory).catch(() => []);
    await until(async () => (await parts()).some((name) => /\.log\.[4-9]$/.test(name)), 'it was rotated', {
      withinMs: 55_000,
    });
    const found = await Promise.all((await parts()).map((name) => readFile(join(directory, name)).catch(() => '')));
    assert.ok(found.reduce((sum, { length }) => sum + length, 0) < 150 << 20);
    assert.equal(main(pod)?.restartCount, 0);
    await remove(pod);
  });
});
