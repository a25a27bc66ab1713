import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { configMapManifest } from '../api/manifests.ts';
import { WatchReader } from '../api/watch-reader.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const maps = '/api/v1/namespaces/default/configmaps';

describe('contract: GET and its query', () => {
  let api: ApiHarness;
  let clock: ManualClock;
  const readers: WatchReader[] = [];

  before(async () => {
    clock = new ManualClock();
    api = await ApiHarness.start({ clock });
    for (const name of ['a', 'b', 'c']) await api.call('POST', maps, { body: configMapManifest(name) });
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });
  after(() => api?.stop());

  const watch = async (path: string): Promise<WatchReader> => {
    const reader = await WatchReader.open(api, path);
    readers.push(reader);
    return reader;
  };
  const get = (query: string): Promise<Answer> => api.call('GET', `${maps}${query}`);
  const namesOf = ({ json }: Answer): string[] => json.items.map(({ metadata }: Json) => metadata.name);

  it('lists nothing in a namespace that is not there', async () => {
    const { code, json } = await api.call('GET', '/api/v1/namespaces/nowhere/configmaps');
    assert.deepEqual([code, json.kind, json.items], [200, 'ConfigMapList', []]);
  });

  it('lists over all namespaces, but makes and deletes nothing there', async () => {
    assert.ok(namesOf(await api.call('GET', '/api/v1/configmaps')).includes('a'));
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH'])
      assert.equal((await api.call(method, '/api/v1/configmaps', { body: {} })).code, 405, method);
  });

  it('takes no notice of what it does not know', async () => {
    assert.equal((await get('?timeout=8m0s&unheardOf=1&limit=')).code, 200);
    assert.equal((await get('/a?exact=true&export=true')).code, 200);
  });

  for (const query of ['limit=x', 'limit=1.5', 'resourceVersion=abc', 'watch=1&timeoutSeconds=x', 'continue=x'])
    it(`answers 400 to ${query}`, async () => {
      const { code, json } = await get(`?${query}`);
      assert.deepEqual([code, json.reason], [400, 'BadRequest']);
    });

  it('names a parameter that is wrong', async () => {
    assert.match((await get('?limit=x')).json.message, /limit: "x"/);
    assert.match((await get('?watch=1&timeoutSeconds=x')).json.message, /timeoutSeconds: "x"/);
  });

  it('takes limit=0 and resourceVersion=0 for no wish at all', async () => {
    assert.deepEqual(namesOf(await get('?limit=0&resourceVersion=0')), ['a', 'b', 'c']);
  });

  describe('watch', () => {
    for (const query of ['watch=true', 'watch=1', 'watch', 'watch=True', 'watch=yes'])
      it(`is asked for by ${query}`, async () => {
        const reader = await watch(`${maps}?${query}&timeout=8m0s`);
        assert.deepEqual(await reader.take(3), ['ADDED a', 'ADDED b', 'ADDED c']);
      });

    for (const query of ['watch=false', 'watch=0'])
      it(`is not asked for by ${query}`, async () => {
        assert.equal((await get(`?${query}`)).json.kind, 'ConfigMapList');
      });

    it('is nothing that one object has', async () => {
      assert.equal((await get('/a?watch=1')).json.kind, 'ConfigMap');
    });

    it('ends after timeoutSeconds', async () => {
      const reader = await watch(`${maps}?watch=1&timeoutSeconds=30`);
      await reader.take(3);
      const end = reader.next();
      await clock.advance(31_000);
      assert.equal(await end, undefined);
    });

    const prefixed: [string, string[]][] = [
      ['/api/v1/watch/namespaces/default/configmaps', ['ADDED a', 'ADDED b', 'ADDED c']],
      ['/api/v1/watch/namespaces/default/configmaps/b', ['ADDED b']],
      ['/api/v1/watch/configmaps?fieldSelector=metadata.name%3Dc', ['ADDED c']],
      ['/api/v1/watch/namespaces/default', ['ADDED default']],
    ];
    for (const [path, events] of prefixed)
      it(`is what the older path asks for: ${path}`, async () => {
        assert.deepEqual(await (await watch(path)).take(events.length), events);
      });

    it('of one object by the older path leaves out all others', async () => {
      const reader = await watch('/api/v1/watch/namespaces/default/configmaps/b');
      await reader.take(1);
      const headers = { 'content-type': 'application/merge-patch+json' };
      for (const name of ['a', 'b'])
        await api.call('PATCH', `${maps}/${name}`, { body: { data: { seen: 'yes' } }, headers });
      assert.deepEqual(await reader.take(1), ['MODIFIED b']);
    });

    it('by the older path is a right of its own', async () => {
      const { code, json } = await api.call('GET', '/api/v1/watch/configmaps', { token: 'guest-token' });
      assert.equal(code, 403);
      assert.match(json.message, /cannot watch resource "configmaps"/);
    });

    it('has no parts by the older path', async () => {
      assert.equal((await api.call('GET', '/api/v1/watch/namespaces/default/pods/p/log')).code, 404);
    });
  });
});
