import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import {
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  Metrics,
  PatchStrategy,
  setHeaderOptions,
  topPods,
  Watch,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import type { PodLogs } from '../../controller/api/pod-streams.ts';
import { ApiHarness, type Json } from '../api/harness.ts';
import { createRunningPod } from '../api/running-pod.ts';
import { until } from '../support/until.ts';

const namespace = 'default';
const maps = `/api/v1/namespaces/${namespace}/configmaps`;

describe('what other clients ask', () => {
  let api: ApiHarness;
  let config: KubeConfig;
  let core: CoreV1Api;

  before(async () => {
    const podLogs: PodLogs = {
      // oxlint-disable-next-line require-await
      read: async () =>
        (async function* () {
          yield Buffer.from('one\ntwo\n');
        })(),
      readDeleted: () => Promise.resolve(undefined),
    };
    const uids: string[] = [];
    const used = { at: Date.parse('2026-01-01T00:00:30Z'), windowMs: 10_000, cpu: 0.25, memoryBytes: 64 << 20 };
    api = await ApiHarness.start({
      podLogs,
      usage: { node: () => used, pods: () => new Map(uids.map((uid) => [uid, [{ name: 'main', ...used }]])) },
    });
    await createRunningPod(api, 'web');
    uids.push((await api.call('GET', `/api/v1/namespaces/${namespace}/pods/web`)).json.metadata.uid);
    config = new KubeConfig();
    config.loadFromFile(await api.kubeconfig());
    core = config.makeApiClient(CoreV1Api);
  });
  after(() => api.stop());

  const create = async (name: string, data: Record<string, string> = {}): Promise<void> => {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { of: 'test' } }, data } });
  };

  describe('@kubernetes/client-node', () => {
    it('informer: follows a selection', async () => {
      const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'of=test' });
      const informer = makeInformer<V1ConfigMap>(config, maps, list, 'of=test');
      const seen: string[] = [];
      for (const verb of ['add', 'update', 'delete'] as const) {
        informer.on(verb, ({ metadata }) => seen.push(`${verb} ${metadata?.name}`));
      }
      await create('first');
      await informer.start();
      await create('second');
      await until(() => seen.includes('add second'), 'the new one is seen');
      await core.deleteNamespacedConfigMap({ namespace, name: 'second' });
      await until(() => seen.includes('delete second'), 'its end is seen');
      assert.deepEqual(seen, ['add first', 'add second', 'delete second']);
      await informer.stop();
    });

    it('watch: ends by its timeout, and goes on from the version it has seen', async () => {
      const read = async (resourceVersion: string): Promise<Json[]> => {
        const objects: Json[] = [];
        await new Promise((resolve, reject) => {
          const query = { resourceVersion, timeoutSeconds: 1 };
          const done = (error: unknown): void => (error ? reject(error as Error) : resolve(undefined));
          new Watch(config).watch(maps, query, (_type, object) => objects.push(object), done).catch(reject);
        });
        return objects;
      };
      const { metadata } = await core.listNamespacedConfigMap({ namespace });
      await create('before');
      const [seen] = await read(metadata?.resourceVersion ?? '');
      assert.equal(seen.metadata.name, 'before');
      await create('between');
      const names = (await read(seen.metadata.resourceVersion)).map((object) => object.metadata.name);
      assert.deepEqual(names, ['between']);
    });

    it('patches: JSON by default, and the three others by their content type', async () => {
      await create('patched', { a: '1' });
      const name = 'patched';
      await core.patchNamespacedConfigMap({ namespace, name, body: [{ op: 'add', path: '/data/b', value: '2' }] });
      for (const [strategy, body] of [
        [PatchStrategy.MergePatch, { data: { a: null, c: '3' } }],
        [PatchStrategy.StrategicMergePatch, { data: { d: '4' } }],
      ] as const) {
        await core.patchNamespacedConfigMap({ namespace, name, body }, setHeaderOptions('Content-Type', strategy));
      }
      const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { e: '5' } };
      await core.patchNamespacedConfigMap(
        { namespace, name, body: applied, fieldManager: 'robot' },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
      const { data } = await core.readNamespacedConfigMap({ namespace, name });
      assert.deepEqual(data, { b: '2', c: '3', d: '4', e: '5' });
    });

    it('objects of any kind: created, read, patched, listed and deleted by what they say they are', async () => {
      const objects = KubernetesObjectApi.makeApiClient(config);
      const metadata = { name: 'lease', namespace };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
      await objects.create({ ...lease, spec: { holderIdentity: 'me' } } as Json);
      await objects.patch({ ...lease, spec: { leaseDurationSeconds: 9 } } as Json);
      const { spec } = (await objects.read(lease)) as Json;
      assert.deepEqual({ ...spec }, { holderIdentity: 'me', leaseDurationSeconds: 9 });
      const { items } = await objects.list('coordination.k8s.io/v1', 'Lease', namespace);
      assert.deepEqual(
        items.map((item) => item.metadata?.name),
        ['lease'],
      );
      await objects.delete(lease);
      await assert.rejects(objects.read(lease), { code: 404 });
    });

    it('errors have the code and the Status', async () => {
      await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'nope' }), (error: Json) => {
        assert.equal(error.code, 404);
        assert.equal(JSON.parse(error.body).reason, 'NotFound');
        return true;
      });
    });

    it('logs and usage', async () => {
      const out = new PassThrough();
      let text = '';
      out.on('data', (bytes: Buffer) => (text += bytes.toString()));
      await new Log(config).log(namespace, 'web', 'main', out, { pretty: true, previous: false, tailLines: 5 });
      await once(out, 'end');
      assert.equal(text, 'one\ntwo\n');
      const [pod] = await topPods(core, new Metrics(config), namespace);
      assert.deepEqual([pod?.CPU.CurrentUsage, pod?.Memory.CurrentUsage], [0.25, BigInt(64 << 20)]);
    });
  });

  describe('k9s, kube-state-metrics and Lens', () => {
    it('discovery in its old form, of groups and of each version', async () => {
      const groups = (await api.call('GET', '/apis', { headers: { accept: 'application/json' } })).json;
      assert.equal(groups.kind, 'APIGroupList');
      for (const { versions } of groups.groups) {
        for (const { groupVersion } of versions) {
          const { code, json } = await api.call('GET', `/apis/${groupVersion}`);
          assert.deepEqual([code, json.kind, json.groupVersion], [200, 'APIResourceList', groupVersion]);
        }
      }
    });

    it('what the user may do, as rules and one by one', async () => {
      const ask = (kind: string, spec: object) =>
        api.call('POST', `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`, {
          body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
        });
      const rules = await ask('SelfSubjectRulesReview', { namespace });
      assert.deepEqual([rules.code, rules.json.status.incomplete], [201, false]);
      assert.ok(rules.json.status.resourceRules.some(({ verbs }: Json) => verbs.includes('*')));
      const resourceAttributes = { namespace, verb: 'list', resource: 'pods', group: '', version: '*' };
      const access = await ask('SelfSubjectAccessReview', { resourceAttributes });
      assert.deepEqual([access.code, access.json.status.allowed], [201, true]);
    });

    it('tables whose rows have the whole object, listed and watched', async () => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const query = 'includeObject=Object&limit=500&resourceVersion=0';
      const { json } = await api.call('GET', `/api/v1/pods?${query}`, { headers: { accept } });
      assert.deepEqual(
        [json.kind, json.rows[0].object.kind, json.rows[0].object.spec.nodeName],
        ['Table', 'Pod', 'n1'],
      );
      const watched = await api.call('GET', `/api/v1/pods?watch=true&includeObject=Object&timeoutSeconds=1`, {
        headers: { accept },
      });
      const [event] = watched.text.split('\n').map((line) => JSON.parse(line || '{}') as Json);
      assert.deepEqual([event.type, event.object.rows[0].object.kind], ['ADDED', 'Pod']);
    });

    it('protobuf first: lists and watches come in JSON, and say so', async () => {
      const accept = 'application/vnd.kubernetes.protobuf,application/json';
      const { code, headers, json } = await api.call('GET', '/api/v1/pods?limit=500&resourceVersion=0', {
        headers: { accept },
      });
      assert.deepEqual([code, headers['content-type'], json.kind], [200, 'application/json', 'PodList']);
      const only = 'application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch';
      const watch = await api.call('GET', `${maps}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true`, {
        headers: { accept: only },
      });
      assert.deepEqual([watch.code, watch.headers['content-type']], [200, 'application/json']);
    });
  });
});
