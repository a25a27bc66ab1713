import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { deployments, maps, pods, refused } from './hostile-requests.ts';
import { configMapManifest, deploymentManifest, podManifest } from './manifests.ts';

describe('hostile requests', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
  });
  beforeEach(async () => {
    const seeds = [
      [maps, configMapManifest('seed', { k: 'v' })],
      [pods, podManifest('bound')],
      [deployments, deploymentManifest('seed')],
    ] as const;
    for (const [path, body] of seeds) await api.call('POST', path, { body });
  });
  after(() => api.stop());

  const stillServes = async (version: number): Promise<void> => {
    assert.equal(api.store.version, version, 'something was stored');
    assert.equal((await api.call('GET', `${maps}/seed`)).code, 200);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  };

  for (const [name, method, path, options] of refused) {
    it(`are refused: ${name}`, async () => {
      const { version } = api.store;
      const { code, json, text } = await api.call(method, path, options);
      assert.ok(code >= 400 && code < 500, `${code}: ${text.slice(0, 300)}`);
      if (method !== 'HEAD') {
        assert.equal(json?.kind, 'Status', text.slice(0, 300));
        assert.equal(json.code, code);
        assert.ok(json.reason && json.message);
      }
      await stillServes(version);
    });
  }

  it('are many enough', () => assert.ok(refused.length >= 60));
});
