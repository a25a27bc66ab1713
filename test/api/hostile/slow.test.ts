import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../harness.ts';
import { configMapManifest } from '../manifests.ts';
import { map, maps, type } from './row.ts';

/** Each of these took half a minute or more of the one thread that serves everybody. */
describe('requests made to be slow', function () {
  this.timeout(15_000);
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start();
    await api.call('POST', maps, { body: configMapManifest('seed', { k: 'v' }) });
  });
  afterEach(() => api.stop());

  it('are answered soon: a strategic patch with many keys to retain', async () => {
    const names = Array.from({ length: 24_000 }, (_, at) => `k${at}`);
    const body = { $retainKeys: names, ...Object.fromEntries(names.map((name) => [name, 1])) };
    const patch = type('application/strategic-merge-patch+json');
    assert.equal((await api.call('PATCH', `${maps}/seed`, { body, ...patch })).code, 422);
  });

  it('are answered soon: an apply to an object with many managers', async () => {
    const managedFields = Array.from({ length: 7_000 }, (_, at) => ({
      manager: `m${at}`,
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsV1: { 'f:data': { [`f:k${at}`]: {} } },
    }));
    const body = { metadata: { managedFields } };
    const owned = await api.call('PATCH', `${maps}/seed`, { body, ...type('application/merge-patch+json') });
    assert.equal(owned.json.metadata.managedFields.length, 7_000);
    const apply = type('application/apply-patch+yaml');
    const change = { body: map({ name: 'seed' }, { data: { mine: '1' } }), ...apply };
    const { code, json } = await api.call('PATCH', `${maps}/seed?fieldManager=me`, change);
    assert.deepEqual([code, json.data], [200, { k: 'v', mine: '1' }]);
  });

  it('are answered soon: headers that name thousands of media types', async () => {
    const accept = `${'text/x,'.repeat(8_000)}application/json`;
    assert.equal((await api.call('GET', maps, { headers: { accept } })).code, 406);
  });

  it('are answered shortly: a list of many wrong elements', async () => {
    const ownerReferences = Array.from({ length: 45_000 }, () => ({}));
    const { code, text, json } = await api.call('POST', maps, { body: map({ name: 'x', ownerReferences }) });
    assert.deepEqual([code, json.reason], [422, 'Invalid']);
    assert.ok(text.length < 300_000, `${text.length} characters`);
    const causes: Json[] = json.details.causes;
    assert.equal(causes[0].field, 'metadata.ownerReferences[0].apiVersion');
    assert.match(json.message, /, and \d+ more\]$/);
  });
});
