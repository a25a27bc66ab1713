import assert from 'node:assert/strict';
import { parseYaml } from '../../shared/objects/parse-yaml.ts';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { configMapManifest, deploymentManifest } from '../api/manifests.ts';
import { WatchReader } from '../api/watch-reader.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const form = (as: string, version = 'v1'): string => `application/json;as=${as};v=${version};g=meta.k8s.io`;
const table = `${form('Table')},${form('Table', 'v1beta1')},application/json`;

describe('contract: what answers look like', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
    assert.equal((await api.call('POST', maps, { body: configMapManifest('a', { k: 'yes' }) })).code, 201);
    assert.equal((await api.call('POST', deployments, { body: deploymentManifest('web', 2) })).code, 201);
  });
  after(() => api?.stop());

  const get = (path: string, accept: string): Promise<Answer> => api.call('GET', path, { headers: { accept } });

  it('gives kubectl get a Table, of lists and of objects', async () => {
    for (const path of [maps, `${maps}/a`]) {
      const { json, headers } = await get(path, table);
      assert.deepEqual([json.kind, json.apiVersion], ['Table', 'meta.k8s.io/v1']);
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(json.rows[0].object.kind, 'PartialObjectMetadata');
    }
  });

  it('gives metadata alone, of an object and of a list', async () => {
    const { json: one } = await get(`${maps}/a`, form('PartialObjectMetadata'));
    assert.deepEqual([one.kind, one.apiVersion, one.data], ['PartialObjectMetadata', 'meta.k8s.io/v1', undefined]);
    const { json: all } = await get(maps, form('PartialObjectMetadataList'));
    assert.deepEqual([all.kind, all.apiVersion], ['PartialObjectMetadataList', 'meta.k8s.io/v1']);
    assert.deepEqual([all.items[0].kind, all.items[0].metadata.name], ['PartialObjectMetadata', 'a']);
    assert.match(all.metadata.resourceVersion, /^\d+$/);
  });

  it('gives metadata alone in a watch, bookmarks too', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const reader = await WatchReader.open(api, `${maps}?${query}`, { accept: form('PartialObjectMetadata') });
    const [first, mark] = [await reader.next(), await reader.next()];
    assert.deepEqual([first.type, first.object.kind, first.object.data], ['ADDED', 'PartialObjectMetadata', undefined]);
    assert.deepEqual([mark.type, mark.object.kind], ['BOOKMARK', 'PartialObjectMetadata']);
    reader.close();
  });

  it('gives metadata alone of what is written', async () => {
    const headers = { accept: form('PartialObjectMetadata'), 'content-type': 'application/merge-patch+json' };
    const { json } = await api.call('PATCH', `${maps}/a`, { body: {}, headers });
    assert.deepEqual([json.kind, json.data], ['PartialObjectMetadata', undefined]);
  });

  const protobuf = 'application/vnd.kubernetes.protobuf';
  const generic = [`${protobuf},application/json`, `${protobuf}, */*`, 'application/json, */*', '*/*', 'application/*'];
  for (const accept of generic)
    it(`answers JSON to ${accept}`, async () => {
      const { code, json, headers } = await get(`${maps}/a`, accept);
      assert.deepEqual([code, json.kind, headers['content-type']], [200, 'ConfigMap', 'application/json']);
    });

  const refused: [string, string, string][] = [
    ['a list as one object', maps, form('PartialObjectMetadata')],
    ['an object as a list', `${maps}/a`, form('PartialObjectMetadataList')],
    ['a form that nobody knows', maps, form('Chart')],
    ['a form of another group', maps, 'application/json;as=Table;v=v1;g=example.com'],
    ['another format', maps, 'text/html'],
    ['protobuf, of an object', `${maps}/a`, protobuf],
    ['protobuf, of a list and of a watch', `${maps}?watch=1`, `${protobuf};stream=watch`],
    ['a watch as YAML', `${maps}?watch=1`, 'application/yaml'],
    ['discovery in a version that is none', '/apis', 'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupList'],
    ['a list of resources as a Table', '/api/v1', form('Table')],
  ];
  for (const [name, path, accept] of refused)
    it(`answers 406 when only this will do: ${name}`, async () => {
      const { code, text } = await get(path, accept);
      const { kind, reason, message } = parseYaml(text).value as Json;
      assert.deepEqual([code, kind, reason], [406, 'Status', 'NotAcceptable']);
      assert.match(message, /^only the following media types are accepted: application\/json/);
    });

  it('answers 406 when a review is to be a Table', async () => {
    const body = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } };
    assert.equal((await api.call('POST', reviews, { body, headers: { accept: form('Table') } })).code, 406);
    assert.equal((await api.call('POST', reviews, { body, headers: { accept: table } })).json.status.allowed, true);
  });

  it('stores nothing that it could not answer', async () => {
    const headers = { accept: 'text/html' };
    assert.equal((await api.call('POST', maps, { body: configMapManifest('b'), headers })).code, 406);
    assert.equal((await api.call('DELETE', `${maps}/a`, { headers })).code, 406);
    assert.equal((await get(`${maps}/b`, '*/*')).code, 404);
    assert.equal((await get(`${maps}/a`, '*/*')).code, 200);
  });

  describe('a Scale', () => {
    const path = `${deployments}/web/scale`;

    it('comes as what it is', async () => {
      const { json } = await get(path, `${protobuf},application/json`);
      assert.deepEqual([json.kind, json.apiVersion, json.spec.replicas], ['Scale', 'autoscaling/v1', 2]);
    });

    it('comes as a Table', async () => {
      const { json } = await get(path, table);
      assert.equal(json.kind, 'Table');
      const columns = json.columnDefinitions.map(({ name }: Json) => name);
      assert.deepEqual(columns, ['Name', 'Desired', 'Available', 'Age']);
      assert.deepEqual(json.rows[0].cells.slice(0, 3), ['web', 2, 0]);
    });

    it('comes as metadata, and not as a picture', async () => {
      const { json } = await get(path, form('PartialObjectMetadata'));
      assert.deepEqual([json.kind, json.metadata.name], ['PartialObjectMetadata', 'web']);
      assert.equal((await get(path, 'image/png')).code, 406);
    });
  });

  describe('YAML', () => {
    it('comes when it is asked for', async () => {
      const { text, headers } = await get(`${maps}/a`, 'application/yaml');
      assert.equal(headers['content-type'], 'application/yaml');
      const { json } = await get(`${maps}/a`, '*/*');
      assert.deepEqual(parseYaml(text).value, json);
      assert.match(text, /^ {2}k: "yes"$/m, 'readers of YAML 1.1 would take it for true');
    });

    for (const path of [maps, '/version', '/api', '/api/v1', '/apis', `${maps}/none`])
      it(`comes for ${path} too`, async () => {
        const { text, headers } = await get(path, 'application/yaml');
        assert.equal(headers['content-type'], 'application/yaml');
        assert.deepEqual(parseYaml(text).value, (await get(path, 'application/json')).json);
      });

    it('comes as JSON, which is YAML too, when it is long', async () => {
      const data = { text: 'x'.repeat(300_000) };
      const long = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'long' }, data };
      const { code, text, headers } = await api.call('POST', maps, {
        body: long,
        headers: { accept: 'application/yaml' },
      });
      assert.deepEqual([code, headers['content-type'], text[0]], [201, 'application/yaml', '{']);
      await api.call('DELETE', `${maps}/long`);
    });

    it('comes in the form that is asked for', async () => {
      const { text } = await get(maps, form('Table').replace('json', 'yaml'));
      assert.match(text, /^kind: Table$/m);
    });

    it('comes before a wildcard and after what is preferred', async () => {
      const typeOf = async (accept: string): Promise<string | undefined> =>
        (await get(`${maps}/a`, accept)).headers['content-type'];
      assert.equal(await typeOf('*/*, application/yaml'), 'application/yaml');
      assert.equal(await typeOf('application/json, application/yaml'), 'application/json');
      assert.equal(await typeOf('application/json;q=0.5, application/yaml'), 'application/yaml');
    });
  });

  describe('pretty answers', () => {
    const isPretty = async (path: string, agent = 'kubectl/v1.32.0'): Promise<boolean> =>
      (await api.call('GET', path, { headers: { 'user-agent': agent } })).text.startsWith('{\n  "');

    it('come when asked for, refusals too', async () => {
      assert.equal(await isPretty(`${maps}/a?pretty=true`), true);
      assert.equal(await isPretty(`${maps}?pretty=1`), true);
      assert.equal(await isPretty(`${maps}/none?pretty=true`), true);
    });

    it('come to people who ask by hand', async () => {
      assert.equal(await isPretty(maps, 'curl/8.5.0'), true);
      assert.equal(await isPretty(maps, 'Mozilla/5.0 (X11; Linux x86_64)'), true);
      assert.equal(await isPretty(`${maps}?pretty=false`, 'curl/8.5.0'), false);
    });

    it('do not come to programs', async () => assert.equal(await isPretty(maps), false));
  });
});
