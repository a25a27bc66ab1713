import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { configMapManifest } from '../api/manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';

describe('contract: DELETE of a collection', () => {
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
    for (const [name, color] of [
      ['a', 'red'],
      ['b', 'blue'],
      ['c', 'red'],
    ] as const)
      assert.equal((await api.call('POST', maps, { body: configMapManifest(name, {}, { color }) })).code, 201);
  });
  afterEach(() => api.stop());

  const namesOf = ({ json }: Answer): string[] => json.items.map(({ metadata }: Json) => metadata.name);
  const left = async (): Promise<string[]> => namesOf(await api.call('GET', maps));

  it('answers the list of what it took', async () => {
    const answer = await api.call('DELETE', `${maps}?labelSelector=color%3Dred`);
    assert.deepEqual([answer.code, answer.json.kind, answer.json.apiVersion], [200, 'ConfigMapList', 'v1']);
    assert.match(answer.json.metadata.resourceVersion, /^\d+$/);
    assert.deepEqual(namesOf(answer), ['a', 'c']);
    assert.deepEqual(await left(), ['b']);
  });

  it('takes everything of its namespace, and nothing else, without a selector', async () => {
    const elsewhere = '/api/v1/namespaces/kube-public/configmaps';
    await api.call('POST', elsewhere, { body: configMapManifest('other') });
    assert.deepEqual(namesOf(await api.call('DELETE', maps)), ['a', 'b', 'c']);
    assert.deepEqual(await left(), []);
    assert.deepEqual(namesOf(await api.call('GET', elsewhere)), ['other']);
  });

  it('selects by field', async () => {
    await api.call('DELETE', `${maps}?fieldSelector=metadata.name%3Da`);
    assert.deepEqual(await left(), ['b', 'c']);
  });

  it('takes nothing for a selector that cannot be read', async () => {
    assert.equal((await api.call('DELETE', `${maps}?labelSelector=%28`)).code, 400);
    assert.equal((await api.call('DELETE', `${maps}?fieldSelector=data.k%3Dv`)).code, 400);
    assert.deepEqual(await left(), ['a', 'b', 'c']);
  });

  it('takes options in its body', async () => {
    const { json } = await api.call('DELETE', maps, { body: { propagationPolicy: 'Foreground' } });
    for (const { metadata } of json.items) assert.deepEqual(metadata.finalizers, ['foregroundDeletion']);
    assert.deepEqual(await left(), ['a', 'b', 'c']);
  });

  it('stores nothing on a dry run', async () => {
    for (const [query, body] of [
      ['?dryRun=All', undefined],
      ['', { dryRun: ['All'] }],
    ] as const)
      assert.deepEqual(namesOf(await api.call('DELETE', `${maps}${query}`, body && { body })), ['a', 'b', 'c']);
    assert.deepEqual(await left(), ['a', 'b', 'c']);
  });

  it('is answered as metadata or as a Table', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { json } = await api.call('DELETE', `${maps}?dryRun=All`, { headers: { accept } });
    assert.equal(json.kind, 'PartialObjectMetadataList');
  });

  it('is not there for namespaces: one request would empty the cluster', async () => {
    const { code, headers } = await api.call('DELETE', '/api/v1/namespaces');
    assert.deepEqual([code, headers.allow], [405, 'GET, POST']);
    const { json } = await api.call('GET', '/api/v1');
    const { verbs } = json.resources.find(({ name }: Json) => name === 'namespaces');
    assert.deepEqual(verbs, ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']);
  });
});
