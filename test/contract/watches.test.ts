import assert from 'node:assert/strict';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ApiHarness, type Json } from '../api/harness.ts';
import { WatchReader } from '../api/watch-reader.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadataOnly = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
const endMark = 'k8s.io/initial-events-end';

/** What becomes of an object, from labels to labels, in the eyes of who watches `on=yes`. */
const transitions: [was: string | undefined, is: string | undefined, event: string | undefined][] = [
  [undefined, 'yes', 'ADDED'],
  ['no', 'yes', 'ADDED'],
  ['yes', 'yes', 'MODIFIED'],
  ['yes', 'no', 'DELETED'],
  ['yes', undefined, 'DELETED'],
  ['no', 'no', undefined],
  ['no', undefined, undefined],
  [undefined, 'no', undefined],
];

describe('contract: watches', () => {
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

  async function write(method: string, path: string, body?: object): Promise<Json> {
    const headers = method === 'PATCH' ? { headers: merge } : {};
    const answer = await api.call(method, path, { ...(body && { body }), ...headers });
    assert.ok(answer.code < 300, answer.text);
    return answer.json;
  }
  const create = (name: string, on?: string): Promise<Json> =>
    write('POST', maps, { metadata: { name, ...(on && { labels: { on } }) }, data: { k: 'v' } });
  const version = async (): Promise<string> => (await api.call('GET', maps)).json.metadata.resourceVersion;

  async function watch(query: string, headers: Record<string, string> = {}): Promise<WatchReader> {
    const reader = await WatchReader.open(api, `${maps}?watch=true&${query}`, headers);
    open.push(reader);
    assert.equal(reader.code, 200);
    return reader;
  }

  for (const [was, is, expected] of transitions) {
    it(`of a selector say ${expected ?? 'nothing'} of an object from ${was ?? 'nothing'} to ${is ?? 'nothing'}`, async () => {
      if (was !== undefined) await create('a', was);
      const reader = await watch(`labelSelector=on%3Dyes&resourceVersion=${await version()}`);
      if (is === undefined) await write('DELETE', `${maps}/a`);
      else if (was === undefined) await create('a', is);
      else await write('PATCH', `${maps}/a`, { metadata: { labels: { on: is } }, data: { k: 'w' } });
      const { store } = api;
      const at = String(store.version);
      await create('end', 'yes');
      const events = [await reader.next()];
      if (expected !== undefined) events.push(await reader.next());
      const [first] = events;
      if (expected !== undefined) {
        assert.deepEqual([first.type, first.object.metadata.name], [expected, 'a']);
        assert.equal(first.object.metadata.resourceVersion, at, 'the version of the change');
      }
      assert.equal(events.at(-1).object.metadata.name, 'end');
    });
  }

  for (const query of ['', 'resourceVersion=0', 'resourceVersion=']) {
    it(`begin with all there is${query && ` for ${query}`}`, async () => {
      await create('a');
      await create('b');
      const reader = await watch(query);
      assert.deepEqual(await reader.take(2), ['ADDED a', 'ADDED b']);
    });
  }

  it('send initial events, then mark their end, and no other bookmark like it', async () => {
    await create('a');
    const reader = await watch(initial);
    assert.deepEqual(await reader.take(1), ['ADDED a']);
    const mark = await reader.next();
    assert.deepEqual([mark.type, mark.object.kind, mark.object.apiVersion], ['BOOKMARK', 'ConfigMap', 'v1']);
    assert.deepEqual(mark.object.metadata, {
      resourceVersion: String(api.store.version),
      annotations: { [endMark]: 'true' },
    });
    await clock.advance(61_000);
    const later = await reader.next();
    assert.deepEqual([later.type, later.object.metadata.annotations], ['BOOKMARK', undefined]);
  });

  it('begin later, without what is there, when initial events are declined', async () => {
    await create('a');
    const reader = await watch('sendInitialEvents=false&resourceVersionMatch=NotOlderThan');
    await create('b');
    assert.deepEqual(await reader.take(1), ['ADDED b']);
  });

  it('send no bookmark to who has not asked', async () => {
    const reader = await watch('');
    await clock.advance(125_000);
    await create('a');
    assert.deepEqual(await reader.take(1), ['ADDED a']);
  });

  it('take no notice of a limit', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    assert.equal((await (await watch('limit=1')).take(3)).length, 3);
  });

  it('last as long as they are allowed to, and then end without an error', async () => {
    const reader = await watch('timeoutSeconds=300');
    const ended = reader.next();
    await clock.advance(299_000);
    await create('a');
    assert.equal((await ended).type, 'ADDED');
    const over = reader.next();
    await clock.advance(2_000);
    assert.equal(await over, undefined);
  });

  it('from a version that is gone say 410 as their last event', async () => {
    const reader = await watch('resourceVersion=99999999');
    const { type, object } = await reader.next();
    assert.deepEqual(
      [type, object.kind, object.status, object.reason, object.code],
      ['ERROR', 'Status', 'Failure', 'Expired', 410],
    );
    assert.equal(await reader.next(), undefined);
  });

  it('come as metadata alone', async () => {
    await create('a');
    const reader = await watch(initial, { accept: metadataOnly });
    const { object } = await reader.next();
    assert.deepEqual(Object.keys(object).sort(), ['apiVersion', 'kind', 'metadata']);
    assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1']);
    assert.equal((await reader.next()).object.kind, 'PartialObjectMetadata', 'the bookmark too');
  });

  it('come as Tables of one row, whose object is what was asked for', async () => {
    await create('a');
    for (const [include, kind] of [
      ['', 'PartialObjectMetadata'],
      ['includeObject=Metadata', 'PartialObjectMetadata'],
      ['includeObject=Object', 'ConfigMap'],
      ['includeObject=None', undefined],
    ] as const) {
      const reader = await watch(include, { accept: table });
      const { type, object } = await reader.next();
      assert.deepEqual([type, object.kind, object.rows.length], ['ADDED', 'Table', 1]);
      assert.deepEqual([object.rows[0].cells[0], object.rows[0].object?.kind], ['a', kind]);
      assert.equal(object.columnDefinitions.length, 3);
    }
  });

  it('of a deleted object show it as it was, with its finalizers gone', async () => {
    await write('POST', maps, { metadata: { name: 'held', finalizers: ['example.com/a'] } });
    const reader = await watch(`resourceVersion=${await version()}`);
    await write('DELETE', `${maps}/held`);
    const marked = await reader.next();
    assert.equal(marked.type, 'MODIFIED');
    assert.ok(marked.object.metadata.deletionTimestamp);
    await write('PATCH', `${maps}/held`, { metadata: { finalizers: null } });
    const gone = await reader.next();
    assert.deepEqual([gone.type, gone.object.metadata.finalizers], ['DELETED', undefined]);
  });
});
