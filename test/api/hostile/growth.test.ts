import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../harness.ts';
import { configMapManifest, deploymentManifest } from '../manifests.ts';
import { deployments, map, maps, type } from './row.ts';

const merge = type('application/merge-patch+json');
const apply = type('application/apply-patch+yaml');
/** Most tries: each adds so much that far fewer are enough. */
const maxTries = 60;

describe('objects that clients let grow', () => {
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start();
    const body = configMapManifest('seed', { x: 'x'.repeat(1_000_000) });
    assert.equal((await api.call('POST', maps, { body })).code, 201);
    assert.equal((await api.call('POST', deployments, { body: deploymentManifest('seed') })).code, 201);
  });
  afterEach(() => api.stop());

  const change = (body: object): Promise<Answer> => api.call('PATCH', `${maps}/seed`, { body, ...merge });

  /** Each way adds to the object what the one before left. */
  const ways: Record<string, (at: number) => Promise<Answer>> = {
    'by more and more managers that apply': (at) => {
      const labels = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`label-${at}-${index}`, 'v']));
      const body = map({ name: 'seed', labels });
      return api.call('PATCH', `${maps}/seed?fieldManager=manager-${at}`, { body, ...apply });
    },
    'by managedFields they bring': (at) => {
      const managedFields = Array.from({ length: (at + 1) * 1_000 }, (_, index) => ({
        manager: `manager-${index}`,
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsV1: { 'f:data': { [`f:key-${index}`]: {} } },
      }));
      return change({ metadata: { managedFields } });
    },
    'by finalizers': (at) => {
      const finalizers = Array.from({ length: (at + 1) * 2_000 }, (_, index) => `example.com/finalizer-${index}`);
      return change({ metadata: { finalizers } });
    },
    'by owners': (at) => {
      const owners = Array.from({ length: (at + 1) * 1_000 }, (_, index) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        name: `owner-${index}`,
        uid: `uid-${index}`,
      }));
      return change({ metadata: { ownerReferences: owners } });
    },
    'by a status': (at) => {
      const conditions = Array.from({ length: at + 1 }, (_, index) => ({
        type: `Condition${index}`,
        status: 'True',
        message: 'x'.repeat(100_000),
      }));
      return api.call('PATCH', `${deployments}/seed/status`, { body: { status: { conditions } }, ...merge });
    },
  };
  for (const [way, grow] of Object.entries(ways)) {
    it(`are held at 1.5 MiB, ${way}, and can be changed and deleted then`, async () => {
      let refused: Answer | undefined;
      for (let at = 0; at < maxTries && refused === undefined; at += 1) {
        const answer = await grow(at);
        if (answer.code !== 200) refused = answer;
      }
      assert.deepEqual([refused?.code, refused?.json.reason], [413, 'RequestEntityTooLarge'], refused?.text);
      assert.match(refused?.json.message, /^\S+ "seed" is \d+ bytes; at most 1572864 are kept$/);
      for (const path of [`${maps}/seed`, `${deployments}/seed`]) {
        assert.equal((await api.call('GET', path)).code, 200);
        const gone: Json = (await api.call('DELETE', path)).json;
        assert.ok(gone.status === 'Success' || gone.metadata.deletionTimestamp !== undefined, JSON.stringify(gone));
      }
    });
  }
});
