import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type CallOptions } from './harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from './manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const mergePatch = { 'content-type': 'application/merge-patch+json' };

describe('deletions and subresources over the API', () => {
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start();
  });
  afterEach(() => api.stop());

  const ok = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const answer = await api.call(method, path, options);
    assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
    return answer;
  };

  describe('delete', () => {
    it('answers a Status with the uid when the object is gone', async () => {
      const { json } = await ok('POST', maps, { body: configMapManifest('a') });
      const gone = await ok('DELETE', `${maps}/a`);
      assert.deepEqual(gone.json.details, { name: 'a', kind: 'configmaps', uid: json.metadata.uid });
      assert.equal((await api.call('DELETE', `${maps}/a`)).code, 404);
    });

    it('gives a bound pod its grace, and less when asked again', async () => {
      await ok('POST', pods, { body: podManifest('web') });
      await ok('POST', `${pods}/web/binding`, { body: { target: { kind: 'Node', name: 'n1' } } });
      const first = await ok('DELETE', `${pods}/web`);
      assert.equal(first.json.metadata.deletionGracePeriodSeconds, 30);
      const second = await ok('DELETE', `${pods}/web`, { body: { gracePeriodSeconds: 5 } });
      assert.equal(second.json.metadata.deletionGracePeriodSeconds, 5);
      const last = await ok('DELETE', `${pods}/web?gracePeriodSeconds=0`);
      assert.equal(last.json.kind, 'Status');
      assert.equal((await api.call('GET', `${pods}/web`)).code, 404);
    });

    it('waits for finalizers, and ends with the last of them', async () => {
      const body = { ...configMapManifest('a'), metadata: { name: 'a', finalizers: ['example.com/hold'] } };
      await ok('POST', maps, { body });
      const held = await ok('DELETE', `${maps}/a`);
      assert.ok(held.json.metadata.deletionTimestamp);
      await ok('PATCH', `${maps}/a`, { body: { metadata: { finalizers: null } }, headers: mergePatch });
      assert.equal((await api.call('GET', `${maps}/a`)).code, 404);
    });

    it('honours preconditions and dry runs', async () => {
      await ok('POST', maps, { body: configMapManifest('a') });
      const wrong = { preconditions: { uid: '11111111-1111-4111-8111-111111111111' } };
      assert.equal((await api.call('DELETE', `${maps}/a`, { body: wrong })).code, 409);
      await ok('DELETE', `${maps}/a?dryRun=All`);
      await ok('DELETE', `${maps}/a`, { body: { dryRun: ['All'] } });
      await ok('GET', `${maps}/a`);
    });

    it('takes a collection by selector', async () => {
      await ok('POST', maps, { body: configMapManifest('a', {}, { app: 'x' }) });
      await ok('POST', maps, { body: configMapManifest('b', {}, { app: 'y' }) });
      const { json } = await ok('DELETE', `${maps}?labelSelector=app%3Dx`);
      assert.equal(json.items.length, 1);
      assert.deepEqual(
        (await ok('GET', maps)).json.items.map((each: { metadata: { name: string } }) => each.metadata.name),
        ['b'],
      );
    });
  });

  describe('subresources', () => {
    it('scale shows and sets replicas', async () => {
      await ok('POST', deployments, { body: deploymentManifest('web', 2) });
      const { json } = await ok('GET', `${deployments}/web/scale`);
      assert.deepEqual(
        [json.kind, json.apiVersion, json.spec.replicas, json.status.selector],
        ['Scale', 'autoscaling/v1', 2, 'app=web'],
      );
      const patched = await ok('PATCH', `${deployments}/web/scale`, {
        body: { spec: { replicas: 5 } },
        headers: mergePatch,
      });
      assert.equal(patched.json.spec.replicas, 5);
      const stale = await api.call('PUT', `${deployments}/web/scale`, { body: { ...json, spec: { replicas: 9 } } });
      assert.equal(stale.code, 409);
      await ok('PUT', `${deployments}/web/scale`, { body: { ...patched.json, spec: { replicas: 0 } } });
      assert.equal((await ok('GET', `${deployments}/web`)).json.spec.replicas, 0);
      const negative = await api.call('PATCH', `${deployments}/web/scale`, {
        body: { spec: { replicas: -1 } },
        headers: mergePatch,
      });
      assert.equal(negative.code, 422);
    });

    it('binding puts a pod on a node once', async () => {
      await ok('POST', pods, { body: podManifest('web') });
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'web' },
        target: { apiVersion: 'v1', kind: 'Node', name: 'n1' },
      };
      assert.equal((await ok('POST', `${pods}/web/binding`, { body })).code, 201);
      const { json } = await ok('GET', `${pods}/web`);
      assert.equal(json.spec.nodeName, 'n1');
      assert.ok(
        json.status.conditions.some(
          ({ type, status }: { type: string; status: string }) => type === 'PodScheduled' && status === 'True',
        ),
      );
      const again = await api.call('POST', `${pods}/web/binding`, { body });
      assert.equal(again.code, 409);
      assert.match(again.json.message, /pod web is already assigned to node "n1"/);
    });

    it('finalize lets a deleted namespace go', async () => {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } };
      await ok('POST', '/api/v1/namespaces', { body });
      const { json } = await ok('DELETE', '/api/v1/namespaces/old');
      await ok('PUT', '/api/v1/namespaces/old/finalize', { body: { ...json, spec: { finalizers: [] } } });
      assert.equal((await api.call('GET', '/api/v1/namespaces/old')).code, 404);
    });

    it('unknown ones are not found, and methods they lack not allowed', async () => {
      assert.equal((await api.call('GET', `${pods}/web/teleport`)).code, 404);
      assert.equal((await api.call('DELETE', `${pods}/web/status`)).code, 405);
      assert.equal((await api.call('GET', `${pods}/web/binding`)).code, 405);
    });
  });
});
