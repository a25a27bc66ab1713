import assert from 'node:assert/strict';
import type { ResourceUsage } from '../../controller/api/measured/resource-usage.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { aNode, aPod } from '../objects.ts';
import { ApiHarness, type Json } from './harness.ts';
import { Kubectl, needsKubectl } from './kubectl.ts';

const root = '/apis/metrics.k8s.io/v1beta1';
const at = Date.parse('2026-01-01T00:00:30Z');
const used = (cpu: number, mebibytes: number) => ({ at, windowMs: 10_050, cpu, memoryBytes: mebibytes * 2 ** 20 });

describe('metrics.k8s.io', function () {
  this.timeout(60_000);
  let api: ApiHarness;

  before(async () => {
    const uids = new Map<string, string>();
    const usage: ResourceUsage = {
      node: (name) => (name === 'node-1' ? used(1.5, 2048) : undefined),
      pods: () =>
        new Map([
          [uids.get('web') ?? '', [{ name: 'main', ...used(0.25, 64) }]],
          [uids.get('busy') ?? '', [{ name: 'one', ...used(1.75, 16) }]],
        ]),
    };
    api = await ApiHarness.start({ usage });
    for (const name of ['node-1', 'node-2']) {
      const { metadata: _, ...node } = aNode();
      await api.store.create('nodes', { ...node, metadata: { name, labels: { name } } } as KubeObject);
    }
    for (const name of ['web', 'busy', 'new']) {
      const { metadata: _, ...pod } = aPod({ nodeName: 'node-1' });
      const metadata = { name, namespace: 'default', labels: { app: name } };
      const { metadata: made } = await api.store.create('pods', { ...pod, metadata } as KubeObject);
      uids.set(name, made.uid ?? '');
    }
  });
  after(() => api?.stop());

  const names = ({ items }: Json): string[] => items.map(({ metadata }: Json) => metadata.name);

  it('is found in discovery', async () => {
    const { json } = await api.call('GET', root);
    assert.deepEqual(
      json.resources.map(({ name, kind, namespaced, verbs }: Json) => [name, kind, namespaced, verbs]),
      [
        ['nodes', 'NodeMetrics', false, ['get', 'list']],
        ['pods', 'PodMetrics', true, ['get', 'list']],
      ],
    );
  });

  it('says what is measured of pods and nodes, and leaves the others out', async () => {
    const pods = (await api.call('GET', `${root}/pods`)).json;
    assert.deepEqual([pods.kind, names(pods)], ['PodMetricsList', ['busy', 'web']]);
    const { json } = await api.call('GET', `${root}/namespaces/default/pods/web`);
    assert.deepEqual(
      [json.timestamp, json.window, json.metadata.labels],
      ['2026-01-01T00:00:30Z', '10.05s', { app: 'web' }],
    );
    assert.deepEqual(json.containers, [{ name: 'main', usage: { cpu: '250000000n', memory: '65536Ki' } }]);
    const node = (await api.call('GET', `${root}/nodes/node-1`)).json;
    assert.deepEqual([node.kind, node.usage], ['NodeMetrics', { cpu: '1500000000n', memory: '2097152Ki' }]);
  });

  it('selects, and knows what is not there', async () => {
    assert.deepEqual(names((await api.call('GET', `${root}/pods?labelSelector=app%3Dweb`)).json), ['web']);
    assert.deepEqual(names((await api.call('GET', `${root}/namespaces/kube-system/pods`)).json), []);
    const { code, json } = await api.call('GET', `${root}/namespaces/default/pods/new`);
    assert.deepEqual([code, json.message], [404, 'pods.metrics.k8s.io "default/new" not found']);
    assert.equal((await api.call('GET', `${root}/nodes/node-2`)).code, 404);
    assert.equal((await api.call('DELETE', `${root}/nodes/node-1`)).code, 405);
    assert.equal((await api.call('GET', `${root}/nodes`, { token: 'guest-token' })).code, 403);
  });

  it('is a Table when asked for one, of a pod the sum of its containers', async () => {
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const { json } = await api.call('GET', `${root}/pods`, { headers });
    assert.deepEqual(
      [json.kind, json.columnDefinitions.map(({ name }: Json) => name), json.rows.map(({ cells }: Json) => cells)],
      [
        'Table',
        ['Name', 'cpu', 'memory', 'Window'],
        [
          ['busy', '1750m', '16Mi', '10.05s'],
          ['web', '250m', '64Mi', '10.05s'],
        ],
      ],
    );
    const node = (await api.call('GET', `${root}/nodes/node-1`, { headers })).json;
    assert.deepEqual(node.rows[0].cells, ['node-1', '1500m', '2Gi', '10.05s']);
  });

  it('has its own OpenAPI document, for reading alone', async () => {
    const index = (await api.call('GET', '/openapi/v3')).json;
    const { serverRelativeURL } = index.paths['apis/metrics.k8s.io/v1beta1'];
    const { paths, components } = (await api.call('GET', serverRelativeURL)).json;
    const methods = Object.entries<Json>(paths).map(([path, item]) => [
      path.replace(root, ''),
      ...Object.keys(item).filter((key) => key !== 'parameters'),
    ]);
    assert.deepEqual(methods, [
      ['/nodes', 'get'],
      ['/nodes/{name}', 'get'],
      ['/namespaces/{namespace}/pods', 'get'],
      ['/namespaces/{namespace}/pods/{name}', 'get'],
      ['/pods', 'get'],
    ]);
    const marked = Object.values<Json>(components.schemas)
      .flatMap((schema) => schema['x-kubernetes-group-version-kind'] ?? [])
      .filter(({ group }: Json) => group === 'metrics.k8s.io');
    assert.deepEqual(
      marked.map(({ kind }: Json) => kind),
      ['NodeMetrics', 'NodeMetricsList', 'PodMetrics', 'PodMetricsList'],
    );
  });

  it('is shown and explained by kubectl as any other kind', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    const lines = async (line: string): Promise<string[]> =>
      (await kubectl.ok(line)).split('\n').map((text) => text.trim().replaceAll(/ {2,}/g, ' '));
    assert.deepEqual(await lines('get pods.metrics.k8s.io -A'), [
      'NAMESPACE NAME CPU MEMORY WINDOW',
      'default busy 1750m 16Mi 10.05s',
      'default web 250m 64Mi 10.05s',
    ]);
    assert.deepEqual(await lines('get nodes.metrics.k8s.io'), ['NAME CPU MEMORY WINDOW', 'node-1 1500m 2Gi 10.05s']);
    assert.deepEqual(await lines('get pods.metrics.k8s.io -l app=web --no-headers'), ['web 250m 64Mi 10.05s']);
    assert.equal(await kubectl.ok('get podmetrics web -o jsonpath={.containers[0].usage.cpu}'), '250000000n');
    assert.match(
      await kubectl.fails('get nodes.metrics.k8s.io node-2'),
      /\(NotFound\): nodes.metrics.k8s.io "node-2" not found/,
    );
    assert.match(await kubectl.ok(`get --raw ${root}/nodes`), /"kind":"NodeMetricsList"/);
    assert.match(await kubectl.ok('explain podmetrics.containers.usage'), /GROUP: +metrics.k8s.io/);
  });

  it('is what kubectl top shows', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    const lines = async (line: string): Promise<string[]> =>
      (await kubectl.ok(line)).split('\n').map((text) => text.trim().replaceAll(/ {2,}/g, ' '));
    assert.deepEqual(await lines('top node --no-headers'), [
      'node-1 1500m 37% 2048Mi 25%',
      'node-2 <unknown> <unknown> <unknown> <unknown>',
    ]);
    assert.deepEqual(await lines('top pod -A --no-headers --sort-by=cpu'), [
      'default busy 1750m 16Mi',
      'default web 250m 64Mi',
    ]);
    assert.deepEqual(await lines('top pod web --containers --no-headers'), ['web main 250m 64Mi']);
    assert.deepEqual(await lines('top pod -l app=busy --no-headers'), ['busy 1750m 16Mi']);
    assert.match(await kubectl.fails('top pod nope'), /not found/);
    // The kinds that share a plural stay what they are.
    assert.match(await kubectl.ok('get pods -o name'), /^pod\/busy/);
    assert.match(await kubectl.ok('get pods.metrics.k8s.io -o name'), /busy/);
  });
});
