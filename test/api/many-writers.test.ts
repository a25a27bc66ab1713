import assert from 'node:assert/strict';
import { ApiHarness, type Answer } from './harness.ts';
import { configMapManifest } from './manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const headers = { 'content-type': 'application/merge-patch+json' };
const clients = Array.from({ length: 50 }, (_, at) => `k${at}`);

describe('many writers of one object', () => {
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start();
    await api.call('POST', maps, { body: configMapManifest('shared') });
  });
  afterEach(() => api.stop());

  const set = (key: string, value: string): Promise<Answer> =>
    api.call('PATCH', `${maps}/shared`, { body: { data: { [key]: value } }, headers });

  it('are all served, and none loses what another wrote', async () => {
    const rounds = ['a', 'b'];
    for (const value of rounds) {
      const answers = await Promise.all(clients.map((key) => set(key, value)));
      assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set([200]));
      for (const [at, { json }] of answers.entries()) assert.equal(json.data[`k${at}`], value);
    }
    const { json } = await api.call('GET', `${maps}/shared`);
    assert.deepEqual(json.data, Object.fromEntries(clients.map((key) => [key, 'b'])));
  });

  it('do not keep another from deleting it', async () => {
    for (let round = 0; round < 3; round += 1) {
      const writes = Promise.all(clients.map((key) => set(key, String(round))));
      const { code, text } = await api.call('DELETE', `${maps}/shared`);
      assert.equal(code, 200, text);
      const codes = (await writes).map((answer) => answer.code);
      assert.ok(codes.every((each) => each === 200 || each === 404));
      await api.call('POST', maps, { body: configMapManifest('shared') });
    }
  });
});
