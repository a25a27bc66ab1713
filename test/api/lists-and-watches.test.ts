import assert from 'node:assert/strict';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ApiHarness, type Answer } from './harness.ts';
import { configMapManifest } from './manifests.ts';
import { WatchReader } from './watch-reader.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const mergePatch = { 'content-type': 'application/merge-patch+json' };
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('lists and watches over the API', () => {
  let api: ApiHarness;
  let clock: ManualClock;
  const open: WatchReader[] = [];
  beforeEach(async () => {
    clock = new ManualClock();
    api = await ApiHarness.start({ clock });
  });
  afterEach(async () => {
    for (const reader of open.splice(0)) reader.close();
    await api.stop();
  });

  const create = async (name: string, labels: Record<string, string> = {}): Promise<Answer> => {
    const answer = await api.call('POST', maps, { body: configMapManifest(name, {}, labels) });
    assert.equal(answer.code, 201, answer.text);
    return answer;
  };
  const label = (name: string, labels: Record<string, string | null>): Promise<Answer> =>
    api.call('PATCH', `${maps}/${name}`, { body: { metadata: { labels } }, headers: mergePatch });
  const watch = async (query: string, headers: Record<string, string> = {}): Promise<WatchReader> => {
    const reader = await WatchReader.open(api, `${maps}?watch=1&${query}`, headers);
    open.push(reader);
    return reader;
  };
  const namesOf = ({ json }: Answer): string[] =>
    json.items.map((each: { metadata: { name: string } }) => each.metadata.name);
  const version = async (): Promise<string> => (await api.call('GET', maps)).json.metadata.resourceVersion;

  describe('list', () => {
    beforeEach(async () => {
      await create('a', { color: 'red' });
      await create('b', { color: 'blue' });
      await create('c', { color: 'red', size: 'big' });
      await create('d');
    });

    it('is a typed list at a version', async () => {
      const { json } = await api.call('GET', maps);
      assert.deepEqual([json.kind, json.apiVersion], ['ConfigMapList', 'v1']);
      assert.equal(json.metadata.resourceVersion, String(api.store.version));
    });

    it('selects by label and by field', async () => {
      const cases: [string, string[]][] = [
        ['labelSelector=color%3Dred', ['a', 'c']],
        ['labelSelector=color%21%3Dred', ['b', 'd']],
        ['labelSelector=color+in+(blue,red),size', ['c']],
        ['labelSelector=%21color', ['d']],
        ['fieldSelector=metadata.name%3Db', ['b']],
        ['fieldSelector=metadata.name%21%3Db&labelSelector=color', ['a', 'c']],
      ];
      for (const [query, names] of cases)
        assert.deepEqual(namesOf(await api.call('GET', `${maps}?${query}`)), names, query);
    });

    it('shows one version over all pages, whatever is written meanwhile', async () => {
      const first = await api.call('GET', `${maps}?limit=2`);
      assert.deepEqual(namesOf(first), ['a', 'b']);
      assert.equal(first.json.metadata.remainingItemCount, 2);
      await api.call('DELETE', `${maps}/d`);
      await create('bb');
      const token = encodeURIComponent(first.json.metadata.continue);
      const second = await api.call('GET', `${maps}?limit=2&continue=${token}`);
      assert.deepEqual(namesOf(second), ['c', 'd']);
      assert.equal(second.json.metadata.continue, undefined);
      assert.equal(second.json.metadata.resourceVersion, first.json.metadata.resourceVersion);
    });

    it('counts only matching objects into a page', async () => {
      const first = await api.call('GET', `${maps}?limit=1&labelSelector=color%3Dred`);
      assert.deepEqual(namesOf(first), ['a']);
      assert.equal(first.json.metadata.remainingItemCount, undefined);
      const token = encodeURIComponent(first.json.metadata.continue);
      const second = await api.call('GET', `${maps}?limit=5&labelSelector=color%3Dred&continue=${token}`);
      assert.deepEqual(namesOf(second), ['c']);
    });

    it('refuses a continue token that is broken or of another list, and tells when it is too old', async () => {
      const { json } = await api.call('GET', `${maps}?limit=1`);
      const token = encodeURIComponent(json.metadata.continue);
      assert.equal((await api.call('GET', `${maps}?continue=x`)).code, 400);
      assert.equal((await api.call('GET', `/api/v1/configmaps?continue=${token}`)).code, 400);
      await clock.advance(301_000);
      const late = await api.call('GET', `${maps}?continue=${token}`);
      assert.deepEqual([late.code, late.json.reason], [410, 'Expired']);
    });

    it('offers the rest as it is now when the version of the first page is gone', async () => {
      const { json: first } = await api.call('GET', `${maps}?limit=2`);
      await api.call('DELETE', `${maps}/b`);
      await create('aa');
      await create('bb');
      await clock.advance(301_000);
      const { json: late } = await api.call(
        'GET',
        `${maps}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`,
      );
      assert.match(late.message, /or use the continue token in this response to retrieve the remainder of the results/);
      const token = encodeURIComponent(late.metadata.continue);
      assert.equal((await api.call('GET', `/api/v1/configmaps?continue=${token}`)).code, 400);
      const second = await api.call('GET', `${maps}?limit=2&continue=${token}`);
      assert.deepEqual(namesOf(second), ['bb', 'c']);
      assert.equal(second.json.metadata.resourceVersion, String(api.store.version));
      await create('cc');
      const third = await api.call('GET', `${maps}?continue=${encodeURIComponent(second.json.metadata.continue)}`);
      assert.deepEqual(namesOf(third), ['d']);
      assert.equal(third.json.metadata.resourceVersion, second.json.metadata.resourceVersion);
    });

    it('honours resourceVersion and its match', async () => {
      const now = api.store.version;
      assert.equal((await api.call('GET', `${maps}?resourceVersion=0`)).code, 200);
      assert.equal((await api.call('GET', `${maps}?resourceVersion=${now}`)).code, 200);
      assert.equal((await api.call('GET', `${maps}?resourceVersion=${now}&resourceVersionMatch=Exact`)).code, 200);
      assert.equal((await api.call('GET', `${maps}?resourceVersion=${now - 1}&resourceVersionMatch=Exact`)).code, 410);
      const future = await api.call('GET', `${maps}?resourceVersion=${now + 100}`);
      assert.deepEqual([future.code, future.json.details.causes[0].reason], [504, 'ResourceVersionTooLarge']);
      assert.equal((await api.call('GET', `${maps}?resourceVersionMatch=Exact`)).code, 422);
      assert.equal((await api.call('GET', `${maps}?resourceVersion=abc`)).code, 400);
    });

    it('answers tables and bare metadata', async () => {
      const { json } = await api.call('GET', maps, { headers: { accept: table } });
      assert.equal(json.kind, 'Table');
      assert.deepEqual(
        json.columnDefinitions.map(({ name }: { name: string }) => name),
        ['Name', 'Data', 'Age'],
      );
      assert.equal(json.rows.length, 4);
      const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
      const metadata = await api.call('GET', maps, { headers: { accept } });
      assert.equal(metadata.json.kind, 'PartialObjectMetadataList');
      assert.equal(metadata.json.items[0].data, undefined);
    });
  });

  describe('watch', () => {
    it('begins with what there is, and goes on with changes', async () => {
      await create('a');
      const reader = await watch('');
      assert.deepEqual(await reader.take(1), ['ADDED a']);
      await create('b');
      await label('a', { x: 'y' });
      await api.call('DELETE', `${maps}/a`);
      assert.deepEqual(await reader.take(3), ['ADDED b', 'MODIFIED a', 'DELETED a']);
    });

    it('from a version tells what came after it', async () => {
      await create('a');
      const from = await version();
      await create('b');
      const reader = await watch(`resourceVersion=${from}`);
      assert.deepEqual(await reader.take(1), ['ADDED b']);
    });

    it('turns selector transitions into ADDED and DELETED', async () => {
      await create('a', { color: 'blue' });
      const reader = await watch(`labelSelector=color%3Dred&resourceVersion=${await version()}`);
      await label('a', { color: 'red' });
      await label('a', { size: 'big' });
      await label('a', { color: null });
      await create('b', { color: 'red' });
      assert.deepEqual(await reader.take(4), ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
    });

    it('carries the version of a deletion in its last object', async () => {
      await create('a');
      const reader = await watch(`resourceVersion=${await version()}`);
      await api.call('DELETE', `${maps}/a`);
      const event = await reader.next();
      assert.equal(event.object.metadata.resourceVersion, String(api.store.version));
    });

    it('of one object follows its name', async () => {
      await create('a');
      await create('b');
      const reader = await watch('fieldSelector=metadata.name%3Db');
      assert.deepEqual(await reader.take(1), ['ADDED b']);
    });

    it('from a version that is no longer kept ends with 410 as an event', async () => {
      const reader = await watch('resourceVersion=999999');
      assert.equal(reader.code, 200);
      const event = await reader.next();
      assert.deepEqual([event.type, event.object.code, event.object.reason], ['ERROR', 410, 'Expired']);
      assert.equal(await reader.next(), undefined);
    });

    it('sends a bookmark each minute, at the newest version', async () => {
      const reader = await watch(`allowWatchBookmarks=true&resourceVersion=${await version()}`);
      await api.call('POST', '/api/v1/namespaces/kube-public/configmaps', { body: configMapManifest('elsewhere') });
      await clock.advance(61_000);
      const event = await reader.next();
      assert.deepEqual([event.type, event.object.kind], ['BOOKMARK', 'ConfigMap']);
      assert.equal(event.object.metadata.resourceVersion, String(api.store.version));
    });

    it('marks the end of what there was when asked to', async () => {
      await create('a');
      const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const reader = await watch(query);
      assert.deepEqual(await reader.take(1), ['ADDED a']);
      const mark = await reader.next();
      assert.equal(mark.type, 'BOOKMARK');
      assert.equal(mark.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
      const refused = await api.call('GET', `${maps}?watch=1&sendInitialEvents=true`);
      assert.equal(refused.code, 422);
    });

    it('ends when its time is over', async () => {
      const reader = await watch('timeoutSeconds=30');
      const ended = reader.next();
      await clock.advance(31_000);
      assert.equal(await ended, undefined);
    });

    it('comes as table rows, with columns in the first event only', async () => {
      await create('a');
      const reader = await watch('', { accept: table });
      const first = await reader.next();
      assert.equal(first.object.kind, 'Table');
      assert.equal(first.object.columnDefinitions.length, 3);
      await create('b');
      const second = await reader.next();
      assert.equal(second.object.rows[0].object.metadata.name, 'b');
      assert.equal(second.object.columnDefinitions, undefined);
    });

    it('cuts off a client that does not read, and goes on serving others', async () => {
      const from = await version();
      const stalled = await watch(`resourceVersion=${from}`);
      const big = 'x'.repeat(500_000);
      await api.call('POST', maps, { body: configMapManifest('a', { big }) });
      for (let count = 0; count < 40; count += 1) {
        const body = { data: { count: String(count) } };
        assert.equal((await api.call('PATCH', `${maps}/a`, { body, headers: mergePatch })).code, 200);
      }
      let last;
      for (let event = await stalled.next(); event !== undefined; event = await stalled.next()) last = event;
      assert.deepEqual([last.type, last.object.code], ['ERROR', 410]);
    });

    it('leaves nothing behind when the client goes', async () => {
      const reader = await watch('');
      const opened = async (): Promise<string> =>
        (await api.registry.getSingleMetricAsString('apiserver_longrunning_requests')).trim();
      await until(async () => (await opened()).endsWith('{resource="configmaps"} 1'));
      reader.close();
      await until(async () => (await opened()).endsWith('{resource="configmaps"} 0'));
    });
  });
});
