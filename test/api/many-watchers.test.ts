import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { configMapManifest } from './manifests.ts';
import { WatchReader } from './watch-reader.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const count = 1_000;

describe('1,000 watchers at once', () => {
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start({}, { maxSockets: count + 10 });
  });
  afterEach(() => api.stop());

  const openAll = async (): Promise<WatchReader[]> => {
    const from = (await api.call('GET', maps)).json.metadata.resourceVersion;
    const path = `${maps}?watch=1&resourceVersion=${from}`;
    return Promise.all(Array.from({ length: count }, () => WatchReader.open(api, path)));
  };
  const opened = async (): Promise<string> =>
    (await api.registry.getSingleMetricAsString('apiserver_longrunning_requests')).trim();

  it('each get every event in order, and leave nothing behind when they all go at once', async () => {
    const readers = await openAll();
    for (const name of ['a', 'b', 'c']) await api.call('POST', maps, { body: configMapManifest(name) });
    const seen = await Promise.all(readers.map((reader) => reader.take(3)));
    assert.deepEqual(new Set(seen.map((events) => events.join())), new Set(['ADDED a,ADDED b,ADDED c']));
    for (const reader of readers) reader.close();
    await until(async () => (await opened()).endsWith('{resource="configmaps"} 0'));
  });

  it('do not keep the server from closing, though their clients go in the same moment', async () => {
    const readers = await openAll();
    const closed = api.closeServer();
    for (const reader of readers) reader.close();
    await closed;
  });
});
