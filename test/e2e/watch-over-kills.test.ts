import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type Informer,
  type ObjectCache,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster } from './cluster.ts';
import { Mirror, nameOf, versionOf } from './mirror.ts';

const namespace = 'default';
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const watchers = 50;
const informers = 5;
const kills = 3;
const writers = 4;
const objectsOfEach = 15;

describe('those who watch while the controller is killed', function () {
  this.timeout(90_000);
  let cluster: Cluster;
  let config: KubeConfig;
  let core: CoreV1Api;
  const ends: (() => unknown)[] = [];

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    cluster = await Cluster.create();
    await cluster.up(['--no-agent']);
    config = new KubeConfig();
    config.loadFromFile(cluster.ready.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
  });
  after(async () => {
    for (const end of ends) await end();
    await cluster?.destroy();
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  /** Versions of the writes that were acknowledged. */
  const acknowledged: number[] = [];
  const written = new AbortController();
  const write = async (writer: number): Promise<void> => {
    while (!written.signal.aborted) {
      const name = `map-${writer}-${randomInt(objectsOfEach)}`;
      const body = { metadata: { name }, data: { random: String(randomInt(1e9)) } };
      const attempts = [
        () => core.createNamespacedConfigMap({ namespace, body }),
        () => core.replaceNamespacedConfigMap({ namespace, name, body }),
        () => core.deleteNamespacedConfigMap({ namespace, name }).then(() => undefined),
      ];
      try {
        const made = await attempts[randomInt(attempts.length)]?.();
        if (made !== undefined) acknowledged.push(versionOf(made));
      } catch (error) {
        // There already, not there, or nobody who answers.
        if (typeof (error as { code?: unknown }).code !== 'number') await sleep(20);
      }
    }
  };

  const startMirror = (): Mirror => {
    const mirror = new Mirror(config, core);
    const running = mirror.run();
    ends.push(() => (mirror.stop(), running));
    return mirror;
  };

  type ConfigMaps = Informer<V1ConfigMap> & ObjectCache<V1ConfigMap>;
  /** As its documentation says: what is an error to it, it is started after. */
  const startInformer = (): ConfigMaps => {
    const informer = makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
    let isStopped = false;
    const start = async (): Promise<void> => {
      await sleep(100);
      if (!isStopped) await informer.start();
    };
    informer.on('error', () => void start());
    void start();
    ends.push(() => ((isStopped = true), informer.stop()));
    return informer;
  };

  /** What `kubectl get -w` has shown since it was last started: it ends with its connection. */
  const startKubectl = async (): Promise<Map<string, number>> => {
    const kubectl = await cluster.kubectl();
    const shown = new Map<string, number>();
    const format = 'jsonpath={.type} {.object.metadata.name} {.object.metadata.resourceVersion}{"\\n"}';
    const stopped = new AbortController();
    let child: ChildProcess | undefined;
    const run = async (): Promise<void> => {
      while (!stopped.signal.aborted) {
        shown.clear();
        const watching = kubectl.start(['get', 'configmaps', '-w', '--output-watch-events', '-o', format]);
        child = watching;
        for await (const line of createInterface({ input: watching.stdout })) {
          const [type, name = '', version] = line.split(' ');
          if (type === 'DELETED') shown.delete(name);
          else shown.set(name, Number(version));
        }
        await sleep(100);
      }
    };
    const running = run();
    ends.push(() => {
      stopped.abort();
      child?.kill();
      return running;
    });
    return shown;
  };

  it('come to know what is there, missing nothing', async () => {
    const mirrors = Array.from({ length: watchers }, startMirror);
    const caches = Array.from({ length: informers }, startInformer);
    const shown = await startKubectl();
    const writing = Array.from({ length: writers }, (_, at) => write(at));
    for (let kill = 0; kill < kills; kill += 1) {
      await until(() => mirrors.every(({ version }) => version >= (acknowledged.at(-1) ?? 1)), 'all follow', {
        withinMs: 30_000,
      });
      await sleep(randomInt(200, 1_000)); // any moment will do
      await cluster.untilBack('controller', await cluster.kill('controller'));
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 20, 'writes succeed again', { withinMs: 30_000 });
    }
    written.abort();
    await Promise.all(writing);

    const truth = await core.listNamespacedConfigMap({ namespace });
    const last = versionOf(truth as V1ConfigMap);
    const wanted = new Map(truth.items.map((item) => [nameOf(item), versionOf(item)]));
    const same = (entries: Iterable<readonly [string, number]>): void => assert.deepEqual(new Map(entries), wanted);
    const isHere = (): boolean => {
      for (const { objects } of mirrors) same(objects);
      for (const cache of caches) same(cache.list().map((item) => [nameOf(item), versionOf(item)] as const));
      same(shown);
      return true;
    };
    await until(isHere, 'everybody knows what is there', { withinMs: 35_000 });
    for (const mirror of mirrors) {
      assert.deepEqual(mirror.problems, []);
      assert.deepEqual(
        acknowledged.filter((version) => !mirror.hasHeardOf(version)),
        [],
      );
    }
    assert.ok(Math.max(...acknowledged) <= last);
  });
});
