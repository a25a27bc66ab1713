import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';

const form = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** The order of preference: the first group that has a resource is the one that a short name means. */
const groupOrder = [
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'networking.k8s.io',
  'discovery.k8s.io',
  'coordination.k8s.io',
  'events.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
];

/** Without all of these `kubectl apply --prune -l` fails. */
const pruned: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'ConfigMap',
    'Endpoints',
    'Namespace',
    'PersistentVolumeClaim',
    'PersistentVolume',
    'Pod',
    'ReplicationController',
    'Secret',
    'Service',
  ],
  'apps/v1': ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  'batch/v1': ['Job', 'CronJob'],
  'networking.k8s.io/v1': ['Ingress'],
};

describe('contract: the documents of discovery', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  const get = (path: string, accept = 'application/json', more: Record<string, string> = {}): Promise<Answer> =>
    api.call('GET', path, { headers: { accept, ...more } });
  const pathOf = (apiVersion: string): string => (apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`);

  it('are a list of groups, versions and resources', async () => {
    for (const root of ['/api', '/apis']) {
      const { json } = await get(root, form('v2'));
      assert.deepEqual([json.kind, json.metadata], ['APIGroupDiscoveryList', {}]);
      for (const { metadata, versions } of json.items) {
        assert.equal(metadata.name === undefined, root === '/api', 'the core group has no name');
        for (const version of versions) {
          assert.equal(version.freshness, 'Current');
          for (const row of version.resources) {
            assert.ok(row.resource && row.singularResource && row.verbs.length > 0, JSON.stringify(row));
            assert.deepEqual(Object.keys(row.responseKind), ['group', 'version', 'kind']);
            assert.match(row.scope, /^(?:Namespaced|Cluster)$/);
          }
        }
      }
    }
  });

  it('name the groups in the order in which clients prefer them', async () => {
    const { json: list } = await get('/apis', form('v2'));
    const { json: legacy } = await get('/apis');
    const aggregated = list.items.map(({ metadata }: Json) => metadata.name);
    assert.deepEqual(
      legacy.groups.map(({ name }: Json) => name),
      aggregated,
    );
    const places = groupOrder.map((name) => aggregated.indexOf(name));
    assert.ok(!places.includes(-1));
    const known = aggregated.filter((name: string) => groupOrder.includes(name) && name !== 'events.k8s.io');
    assert.deepEqual(
      known,
      groupOrder.filter((name) => name !== 'events.k8s.io'),
    );
  });

  it('say the same in both versions', async () => {
    for (const root of ['/api', '/apis'])
      assert.deepEqual((await get(root, form('v2beta1'))).json.items, (await get(root, form('v2'))).json.items);
  });

  const asked: [string, string][] = [
    [`${form('v2')},${form('v2beta1')},application/json`, 'v2'],
    [`${form('v2beta1')},application/json`, 'v2beta1'],
    [`${form('v2beta1')},${form('v2')}`, 'v2beta1'],
    [`${form('v3')},${form('v2')}`, 'v2'],
  ];
  for (const [accept, version] of asked)
    it(`come in the first form that is named and known: ${accept}`, async () => {
      const { headers, json } = await get('/apis', accept);
      assert.equal(headers['content-type'], form(version));
      assert.equal(json.apiVersion, `apidiscovery.k8s.io/${version}`);
    });

  it('come in the legacy form to who names none, or none that is known', async () => {
    for (const accept of ['application/json', '*/*', `${form('v3')},application/json`]) {
      const { headers, json } = await get('/apis', accept);
      assert.deepEqual([headers['content-type'], json.kind], ['application/json', 'APIGroupList']);
    }
  });

  const documents: [string, string][] = [
    ['/api', form('v2')],
    ['/apis', form('v2beta1')],
    ['/api', 'application/json'],
    ['/apis', 'application/json'],
    ['/api/v1', 'application/json'],
    ['/apis/apps', 'application/json'],
    ['/apis/apps/v1', 'application/json'],
  ];
  for (const [path, accept] of documents)
    it(`are kept by clients until they change: ${path} as ${accept}`, async () => {
      const { headers } = await get(path, accept);
      const { etag = '' } = headers;
      assert.match(etag, /^"[0-9A-F]+"$/);
      assert.match(headers.vary ?? '', /\bAccept\b/);
      assert.equal(headers['cache-control'], 'public');
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
        const again = await get(path, accept, { 'if-none-match': known });
        assert.deepEqual([again.code, again.text, again.headers.etag], [304, '', etag]);
      }
      assert.equal((await get(path, accept, { 'if-none-match': '"other"' })).code, 200);
    });

  it('have another tag in another form', async () => {
    const tags = [form('v2'), form('v2beta1'), 'application/json'].map(async (accept) => {
      return (await get('/apis', accept)).headers.etag;
    });
    assert.equal(new Set(await Promise.all(tags)).size, 3);
  });

  it('come compressed', async () => {
    const headers = { authorization: `Bearer ${api.token}`, accept: form('v2'), 'accept-encoding': 'gzip' };
    const answer = await api.open({ path: '/apis', headers });
    assert.equal(answer.headers['content-encoding'], 'gzip');
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer) chunks.push(chunk as Uint8Array);
    assert.deepEqual(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()), (await get('/apis', form('v2'))).json);
  });

  for (const [apiVersion, kinds] of Object.entries(pruned))
    it(`have what apply --prune looks for: ${apiVersion}`, async () => {
      const { json } = await get(pathOf(apiVersion));
      for (const kind of kinds) {
        const row = json.resources.find((each: Json) => each.kind === kind && !each.name.includes('/'));
        for (const verb of ['list', 'delete']) assert.ok(row?.verbs.includes(verb), `${kind} ${verb}`);
      }
    });

  it('list every resource and every part of it in the legacy form as well', async () => {
    for (const root of ['/api', '/apis']) {
      for (const { metadata, versions } of (await get(root, form('v2'))).json.items) {
        for (const { version, resources } of versions) {
          const path = root === '/api' ? `/api/${version}` : `/apis/${metadata.name}/${version}`;
          const { json } = await get(path);
          assert.equal(json.groupVersion, path.replace(/^\/apis?\//, ''));
          const listed = new Map<string, Json>(json.resources.map((row: Json) => [row.name, row]));
          for (const { resource, subresources = [], ...row } of resources) {
            const { singularName, namespaced, kind, verbs, shortNames, categories } = listed.get(resource);
            assert.deepEqual([singularName, kind], [row.singularResource, row.responseKind.kind]);
            assert.deepEqual([namespaced, verbs], [row.scope === 'Namespaced', row.verbs]);
            assert.deepEqual([shortNames, categories], [row.shortNames, row.categories]);
            for (const { subresource, responseKind, verbs: can } of subresources) {
              const part = listed.get(`${resource}/${subresource}`);
              assert.deepEqual([part.kind, part.namespaced, part.verbs], [responseKind.kind, namespaced, can]);
              assert.equal(part.singularName, '');
            }
          }
        }
      }
    }
  });

  it('say by a hash in which version objects are stored, as kube-apiserver does', async () => {
    const hashOf = async (path: string, name: string): Promise<unknown> =>
      (await get(path)).json.resources.find((row: Json) => row.name === name).storageVersionHash;
    assert.equal(await hashOf('/api/v1', 'pods'), 'xPOwRZ+Yhw8=');
    assert.equal(await hashOf('/apis/autoscaling/v1', 'horizontalpodautoscalers'), 'qwQve8ut294=');
    assert.equal(await hashOf('/api/v1', 'pods/status'), undefined);
  });

  it('list resources by their names, which is the order of `kubectl get all`', async () => {
    const names = (await get('/api/v1')).json.resources
      .map((row: Json) => row.name)
      .filter((name: string) => !name.includes('/'));
    assert.deepEqual(
      names,
      names.toSorted((a: string, b: string) => (a < b ? -1 : 1)),
    );
  });

  it('name group and version of parts that are of another one, in the legacy form', async () => {
    const rowOf = async (path: string, name: string): Promise<Json> =>
      (await get(path)).json.resources.find((row: Json) => row.name === name);
    const eviction = await rowOf('/api/v1', 'pods/eviction');
    assert.deepEqual([eviction.group, eviction.version, eviction.kind], ['policy', 'v1', 'Eviction']);
    const scale = await rowOf('/apis/apps/v1', 'deployments/scale');
    assert.deepEqual([scale.group, scale.version, scale.kind], ['autoscaling', 'v1', 'Scale']);
  });

  it('give each group its preferred version', async () => {
    for (const { name, versions, preferredVersion } of (await get('/apis')).json.groups) {
      assert.deepEqual(preferredVersion, versions[0]);
      for (const { groupVersion, version } of versions) {
        assert.equal(groupVersion, `${name}/${version}`);
        assert.equal((await get(`/apis/${groupVersion}`)).code, 200);
      }
      assert.deepEqual((await get(`/apis/${name}`)).json.preferredVersion, preferredVersion);
    }
  });

  it('say by which address the server is reached', async () => {
    const { json } = await get('/api');
    const [{ clientCIDR, serverAddress }] = json.serverAddressByClientCIDRs;
    assert.deepEqual([clientCIDR, serverAddress], ['0.0.0.0/0', `127.0.0.1:${api.port}`]);
  });
});
