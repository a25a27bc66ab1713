import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentPaths, type AgentPaths } from '../../../agent/paths.ts';
import { logPathOf, terminationLogOf } from '../../../agent/pods/pod-files.ts';
import { identityOf } from '../../../agent/pods/sandbox-config.ts';
import { storageExcess, storageLimitsOf } from '../../../agent/pods/storage-limits.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import type { Container, Pod, PodSpec, Stored } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';
import { Bench, withContainer } from './bench.ts';

const mebibyte = 1 << 20;
const limited = (size: string): Partial<Container> => ({ resources: { limits: { 'ephemeral-storage': size } } });

describe('storage limits of a pod', () => {
  const limitsOf = (spec: Partial<PodSpec>): ReturnType<typeof storageLimitsOf> => {
    const pod = aPod();
    return storageLimitsOf({ ...pod, spec: { containers: [], ...spec } });
  };
  const named = (name: string, size?: string): Container => ({ name, ...(size !== undefined && limited(size)) });

  it('are none where nothing is limited, or lies in memory', () => {
    const volumes = [
      { name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'z', emptyDir: { sizeLimit: '0' } },
    ];
    assert.equal(limitsOf({ containers: [named('a')], volumes }), undefined);
  });

  it('sum up over containers and sidecars, unless one that only prepares may take more', () => {
    const containers = [named('a', '10Mi'), named('b'), named('c', '5Mi')];
    const podBytes = (initContainers: Container[]): number | undefined =>
      limitsOf({ containers, initContainers })?.podBytes;
    assert.equal(podBytes([]), 15 * mebibyte);
    assert.equal(podBytes([{ ...named('s', '1Mi'), restartPolicy: 'Always' }]), 16 * mebibyte);
    assert.equal(podBytes([named('i', '20Mi')]), 20 * mebibyte);
  });

  it("are exceeded in a kubelet's words: volumes first, then the pod, then a container", () => {
    const volumes = [{ name: 'v', emptyDir: { sizeLimit: '3Mi' } }];
    const limits = limitsOf({ containers: [named('a', '10Mi'), named('b', '4Mi')], volumes });
    assert.ok(limits !== undefined);
    const excess = (v: number, a: number, b: number, shared = 0): string | undefined =>
      storageExcess(limits, {
        volumes: new Map([['v', v * mebibyte]]),
        containers: new Map([
          ['a', a * mebibyte],
          ['b', b * mebibyte],
        ]),
        shared: shared * mebibyte,
      });
    assert.equal(excess(3, 7, 4), undefined);
    assert.equal(excess(4, 70, 5), 'Usage of EmptyDir volume "v" exceeds the limit "3Mi". ');
    assert.equal(excess(3, 7, 4, 1), 'Pod ephemeral local storage usage exceeds the total limit of containers 14Mi. ');
    assert.equal(excess(0, 1, 5), 'Container b exceeded its local ephemeral storage limit "4Mi". ');
  });
});

describe('a pod that writes to the disk', () => {
  let directory: string;
  let bench: Bench;
  let paths: AgentPaths;

  beforeEach(async () => {
    directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-limits-'));
    bench = new Bench(directory);
    paths = agentPaths(directory, 'n1');
    await bench.start();
  });
  afterEach(async () => {
    await bench.stop();
    await rm(directory, { recursive: true });
  });

  const fill = async (path: string, bytes: number): Promise<void> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, Buffer.alloc(bytes, 1));
  };
  const running = async (container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Stored<Pod>> => {
    const pod = withContainer(container, spec);
    bench.link.desired.set('pods', pod);
    await bench.until(() => bench.isReady(pod));
    return pod;
  };
  const isEvicted = (pod: Stored<Pod>): boolean => bench.statusOf(pod).reason === 'Evicted';
  const layerOf = (pod: Stored<Pod>, attempt = 0): string => {
    const id = `${pod.metadata.uid}-main-${attempt}` as ContainerId;
    const layer = join(directory, 'layers', id);
    bench.runtime.layers.set(id, layer);
    return layer;
  };
  /** A whole look at the pod later. */
  const look = async (pod: Stored<Pod>): Promise<void> => {
    const message = terminationLogOf(paths, pod.metadata.uid, 'main', 0);
    const count = (): number => bench.measured.filter((path) => path === message).length;
    const before = count();
    await bench.until(() => count() >= before + 4, 1000);
  };

  it('is evicted for a volume over its limit: told, killed at once, never started again', async () => {
    const spec = { volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }] };
    const pod = await running({ terminationMessagePath: '/dev/termination-log' }, spec);
    bench.runtime.programs['main'] = { ignoresTerm: true };
    await fill(join(paths.pods, pod.metadata.uid, 'volumes', 'v', 'file'), 2 * mebibyte);
    const began = bench.clock.now();
    await bench.until(
      () => isEvicted(pod) && bench.statusOf(pod).containerStatuses?.[0]?.state?.terminated !== undefined,
    );
    assert.ok(bench.clock.now() - began <= 15_000);
    const { phase, message, conditions } = bench.statusOf(pod);
    const text = 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ';
    assert.deepEqual([phase, message], ['Failed', text]);
    const { status, reason } = conditions?.find(({ type }) => type === 'DisruptionTarget') ?? {};
    assert.deepEqual([status, reason], ['True', 'TerminationByKubelet']);
    const told = bench.link.events.filter((event) => event.reason === 'Evicted');
    assert.deepEqual(
      told.map((event) => [event.type, event.message]),
      [['Warning', text]],
    );
    await bench.until(() => bench.removedVolumes.length > 0);
    assert.deepEqual(await bench.runtime.listContainers(), []);
    assert.deepEqual(bench.removedVolumes, [pod.metadata.uid]);
    const reported = bench.link.reports.length;
    await bench.stop();
    await bench.start();
    await bench.until(() => bench.link.reports.length > reported);
    await bench.clock.advance(25_000);
    assert.equal(bench.statusOf(pod).message, text);
    assert.deepEqual(await bench.runtime.listContainers(), []);
    assert.equal(bench.link.events.filter((event) => event.reason === 'Evicted').length, 1);
  });

  it('is evicted for its layer, its logs and its message together, of the newest attempt alone', async () => {
    const pod = await running(limited('3Mi'));
    bench.runtime.layers.set(`${pod.metadata.uid}-main-9` as ContainerId, join(directory, 'layers', 'other'));
    await fill(join(directory, 'layers', 'other', 'file'), 4 * mebibyte);
    await fill(join(layerOf(pod), 'file'), mebibyte);
    await fill(logPathOf(paths, identityOf(pod), 'main', 0), mebibyte);
    await fill(terminationLogOf(paths, pod.metadata.uid, 'main', 0), 0.9 * mebibyte);
    await look(pod);
    assert.equal(isEvicted(pod), false);
    await fill(join(layerOf(pod), 'more'), 0.5 * mebibyte);
    await bench.until(() => isEvicted(pod));
    assert.match(bench.statusOf(pod).message ?? '', /^Pod ephemeral local storage usage exceeds/);
  });

  it('has its volumes on disk counted for the pod, and those in memory not', async () => {
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ];
    const pod = await running(limited('2Mi'), { volumes });
    const of = (name: string): string => join(paths.pods, pod.metadata.uid, 'volumes', name, 'file');
    await fill(of('memory'), 4 * mebibyte);
    await look(pod);
    assert.equal(isEvicted(pod), false);
    await fill(of('disk'), 4 * mebibyte);
    await bench.until(() => isEvicted(pod));
  });

  it('without a limit may not grow /etc/hosts or its message without end, and else write what it likes', async () => {
    const pod = await running({});
    await fill(join(layerOf(pod), 'file'), 8 * mebibyte);
    const message = terminationLogOf(paths, pod.metadata.uid, 'main', 0);
    await fill(message, 4 * mebibyte);
    await look(pod);
    assert.equal(isEvicted(pod), false);
    assert.equal((await stat(message)).size, 0);
    const hosts = join(directory, 'hosts');
    bench.runtime.sharedFiles.push(hosts);
    await fill(hosts, 2 * mebibyte);
    await bench.until(() => isEvicted(pod));
    assert.equal(bench.statusOf(pod).message, 'Usage of /etc/hosts exceeds the limit "1Mi". ');
  });
});
