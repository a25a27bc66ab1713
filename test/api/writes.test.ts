import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type CallOptions } from './harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from './manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const mergePatch = { 'content-type': 'application/merge-patch+json' };

describe('writes over the API', () => {
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

  describe('create', () => {
    it('stores the object with defaults, uid, version and field managers, and answers 201', async () => {
      const { code, json } = await ok('POST', `${pods}?fieldManager=tester`, { body: podManifest('web') });
      assert.equal(code, 201);
      assert.match(json.metadata.uid, /^[0-9a-f-]{36}$/);
      assert.equal(json.metadata.namespace, 'default');
      assert.equal(json.spec.restartPolicy, 'Always');
      assert.equal(json.status.phase, 'Pending');
      assert.equal(json.metadata.managedFields[0].manager, 'tester');
      assert.deepEqual((await ok('GET', `${pods}/web`)).json, json);
    });

    it('ignores what only the server says', async () => {
      const body = configMapManifest('a') as { metadata: object };
      const metadata = { ...body.metadata, uid: 'mine', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' };
      const { json } = await ok('POST', maps, {
        body: { ...body, metadata: { ...metadata, deletionTimestamp: '2001-01-01T00:00:00Z' } },
      });
      assert.notEqual(json.metadata.uid, 'mine');
      assert.notEqual(json.metadata.creationTimestamp, '2001-01-01T00:00:00Z');
      assert.equal(json.metadata.deletionTimestamp, undefined);
    });

    it('refuses what exists, what is elsewhere and what is no such kind', async () => {
      await ok('POST', maps, { body: configMapManifest('a') });
      const again = await api.call('POST', maps, { body: configMapManifest('a') });
      assert.deepEqual([again.code, again.json.message], [409, 'configmaps "a" already exists']);
      const elsewhere = { ...configMapManifest('b'), metadata: { name: 'b', namespace: 'kube-system' } };
      assert.equal((await api.call('POST', maps, { body: elsewhere })).code, 400);
      assert.equal((await api.call('POST', maps, { body: podManifest('b') })).code, 400);
      const absent = await api.call('POST', '/api/v1/namespaces/nowhere/configmaps', { body: configMapManifest('b') });
      assert.deepEqual([absent.code, absent.json.message], [404, 'namespaces "nowhere" not found']);
      assert.equal((await api.call('POST', '/api/v1/configmaps', { body: configMapManifest('b') })).code, 405);
    });

    it('makes a name from generateName', async () => {
      const body = { ...configMapManifest(''), metadata: { generateName: 'job-' } };
      const names = new Set<string>();
      for (let count = 0; count < 3; count += 1) names.add((await ok('POST', maps, { body })).json.metadata.name);
      assert.equal(names.size, 3);
      for (const name of names) assert.match(name, /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    });

    it('tells of unknown fields as it was asked to', async () => {
      const body = { ...configMapManifest('a'), spec: { x: 1 } };
      const strict = await api.call('POST', `${maps}?fieldValidation=Strict`, { body });
      assert.equal(strict.code, 400);
      assert.match(strict.json.message, /strict decoding error: unknown field "spec"/);
      const warned = await ok('POST', `${maps}?dryRun=All`, { body });
      assert.match(String(warned.headers.warning), /299 - "unknown field \\"spec\\""/);
      const ignored = await ok('POST', `${maps}?fieldValidation=Ignore`, { body });
      assert.equal(ignored.headers.warning, undefined);
      assert.equal(ignored.json.spec, undefined);
    });

    it('stores nothing on a dry run', async () => {
      const before = api.store.version;
      const { json } = await ok('POST', `${maps}?dryRun=All`, { body: configMapManifest('a') });
      assert.match(json.metadata.uid, /^[0-9a-f-]{36}$/);
      assert.equal(api.store.version, before);
      await ok('POST', maps, { body: configMapManifest('a') });
      assert.equal((await api.call('POST', `${maps}?dryRun=All`, { body: configMapManifest('a') })).code, 409);
    });

    it('answers 422 with causes for an invalid object', async () => {
      const { code, json } = await api.call('POST', pods, { body: { ...podManifest('web'), spec: {} } });
      assert.equal(code, 422);
      assert.equal(json.details.kind, 'Pod');
      assert.ok(json.details.causes.some(({ field }: { field: string }) => field === 'spec.containers'));
    });

    it('lets nothing new into a namespace that is going away', async () => {
      await ok('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } },
      });
      const gone = await ok('DELETE', '/api/v1/namespaces/old');
      assert.equal(gone.json.status.phase, 'Terminating');
      const { code, json } = await api.call('POST', '/api/v1/namespaces/old/configmaps', {
        body: configMapManifest('a'),
      });
      assert.equal(code, 403);
      assert.equal(json.details.causes[0].reason, 'NamespaceTerminating');
    });

    it('reads YAML too', async () => {
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n';
      const { json } = await ok('POST', maps, { body, headers: { 'content-type': 'application/yaml' } });
      assert.deepEqual(json.data, { k: 'v' });
    });
  });

  describe('update', () => {
    it('replaces the object; from an old version it is a Conflict', async () => {
      const { json: first } = await ok('POST', maps, { body: configMapManifest('a', { k: '1' }) });
      const second = await ok('PUT', `${maps}/a`, { body: { ...first, data: { k: '2' } } });
      assert.notEqual(second.json.metadata.resourceVersion, first.metadata.resourceVersion);
      const stale = await api.call('PUT', `${maps}/a`, { body: { ...first, data: { k: '3' } } });
      assert.deepEqual([stale.code, stale.json.reason], [409, 'Conflict']);
      assert.match(stale.json.message, /the object has been modified; please apply your changes/);
      const unpinned = await ok('PUT', `${maps}/a`, { body: configMapManifest('a', { k: '4' }) });
      assert.deepEqual(unpinned.json.data, { k: '4' });
      assert.equal(unpinned.json.metadata.uid, first.metadata.uid);
    });

    it('writes nothing when nothing changes', async () => {
      const { json } = await ok('POST', deployments, { body: deploymentManifest('web') });
      const again = await ok('PUT', `${deployments}/web`, { body: json });
      assert.equal(again.json.metadata.resourceVersion, json.metadata.resourceVersion);
    });

    it('raises the generation with the spec only', async () => {
      const { json } = await ok('POST', deployments, { body: deploymentManifest('web') });
      const labelled = await ok('PUT', `${deployments}/web`, {
        body: { ...json, metadata: { ...json.metadata, labels: { a: 'b' } } },
      });
      assert.equal(labelled.json.metadata.generation, 1);
      const scaled = await ok('PUT', `${deployments}/web`, {
        body: { ...labelled.json, spec: { ...json.spec, replicas: 3 } },
      });
      assert.equal(scaled.json.metadata.generation, 2);
    });

    it('keeps status and spec apart', async () => {
      const { json } = await ok('POST', deployments, { body: deploymentManifest('web') });
      const main = await ok('PUT', `${deployments}/web`, { body: { ...json, status: { replicas: 9 } } });
      assert.notEqual(main.json.status?.replicas, 9);
      const body = {
        ...main.json,
        spec: { ...json.spec, replicas: 7 },
        status: { replicas: 2, observedGeneration: 1 },
      };
      const status = await ok('PUT', `${deployments}/web/status`, { body });
      assert.equal(status.json.status.replicas, 2);
      assert.equal(status.json.spec.replicas, 1);
      assert.equal(status.json.metadata.generation, 1);
    });

    it('refuses another name, another uid and an absent object', async () => {
      const { json } = await ok('POST', maps, { body: configMapManifest('a') });
      assert.equal((await api.call('PUT', `${maps}/b`, { body: json })).code, 400);
      assert.equal((await api.call('PUT', `${maps}/b`, { body: configMapManifest('b') })).code, 404);
      const other = { ...json, metadata: { ...json.metadata, uid: '11111111-1111-4111-8111-111111111111' } };
      assert.equal((await api.call('PUT', `${maps}/a`, { body: other })).code, 409);
    });

    it('shows on a dry run what would be, with the version as it is', async () => {
      const { json } = await ok('POST', deployments, { body: deploymentManifest('web') });
      const dry = await ok('PUT', `${deployments}/web?dryRun=All`, {
        body: { ...json, spec: { ...json.spec, replicas: 5 } },
      });
      assert.equal(dry.json.metadata.generation, 2);
      assert.equal(dry.json.metadata.resourceVersion, json.metadata.resourceVersion);
      assert.equal((await ok('GET', `${deployments}/web`)).json.spec.replicas, 1);
    });

    it('makes what is not there only of the kinds for which Kubernetes does', async () => {
      const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} };
      const put = (more: object = {}): Promise<Answer> =>
        api.call('PUT', `${leases}/l`, { body: { ...lease, ...more } });
      assert.equal((await put({ metadata: { name: 'l', resourceVersion: '7' } })).code, 404);
      assert.equal((await api.call('PUT', `${leases}/l?dryRun=All`, { body: lease })).code, 201);
      const made = await put();
      assert.equal(made.code, 201, made.text);
      assert.equal((await put({ spec: { holderIdentity: 'me' } })).code, 200);
      const raced = await Promise.all(
        ['a', 'a', 'a'].map((name) => api.call('PUT', `${leases}/${name}`, { body: { ...lease, metadata: { name } } })),
      );
      assert.deepEqual(
        raced.map(({ code }) => code).sort((a, b) => a - b),
        [200, 200, 201],
      );
      assert.equal((await api.call('PUT', `${maps}/none`, { body: configMapManifest('none') })).code, 404);
      assert.equal((await api.call('PUT', `${leases}/l2/status`, { body: lease })).code, 404);
    });
  });

  describe('patch', () => {
    it('takes all four kinds', async () => {
      await ok('POST', maps, { body: configMapManifest('a', { k: '1', gone: 'x' }) });
      const merged = await ok('PATCH', `${maps}/a`, { body: { data: { k: '2', gone: null } }, headers: mergePatch });
      assert.deepEqual(merged.json.data, { k: '2' });
      const operations = [{ op: 'add', path: '/data/j', value: '3' }];
      const json = await ok('PATCH', `${maps}/a`, {
        body: operations,
        headers: { 'content-type': 'application/json-patch+json' },
      });
      assert.deepEqual(json.json.data, { k: '2', j: '3' });
      const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
      const labelled = await ok('PATCH', `${maps}/a`, {
        body: { metadata: { labels: { a: 'b' } } },
        headers: strategic,
      });
      assert.deepEqual(labelled.json.metadata.labels, { a: 'b' });
      const apply = { 'content-type': 'application/apply-patch+yaml' };
      const applied = await api.call('PATCH', `${maps}/b?fieldManager=me`, {
        body: configMapManifest('b', { x: 'y' }),
        headers: apply,
      });
      assert.equal(applied.code, 201, applied.text);
      assert.equal(applied.json.metadata.managedFields[0].operation, 'Apply');
      const reapplied = await ok('PATCH', `${maps}/b?fieldManager=me`, {
        body: configMapManifest('b', { z: 'y' }),
        headers: apply,
      });
      assert.deepEqual(reapplied.json.data, { z: 'y' });
    });

    it('changes concurrently without losing any', async () => {
      await ok('POST', maps, { body: configMapManifest('a') });
      const keys = Array.from({ length: 20 }, (_, at) => `k${at}`);
      await Promise.all(
        keys.map((key) => ok('PATCH', `${maps}/a`, { body: { data: { [key]: '1' } }, headers: mergePatch })),
      );
      assert.deepEqual(Object.keys((await ok('GET', `${maps}/a`)).json.data).sort(), [...keys].sort());
    });

    it('that names an old version is a Conflict', async () => {
      const { json } = await ok('POST', maps, { body: configMapManifest('a') });
      await ok('PATCH', `${maps}/a`, { body: { data: { k: '1' } }, headers: mergePatch });
      const body = { metadata: { resourceVersion: json.metadata.resourceVersion }, data: { k: '2' } };
      assert.equal((await api.call('PATCH', `${maps}/a`, { body, headers: mergePatch })).code, 409);
    });

    it('of an absent object is NotFound, of another media type unsupported', async () => {
      assert.equal((await api.call('PATCH', `${maps}/a`, { body: {}, headers: mergePatch })).code, 404);
      await ok('POST', maps, { body: configMapManifest('a') });
      assert.equal((await api.call('PATCH', `${maps}/a`, { body: {} })).code, 415);
    });

    it('validates the result', async () => {
      await ok('POST', deployments, { body: deploymentManifest('web') });
      const negative = await api.call('PATCH', `${deployments}/web`, {
        body: { spec: { replicas: -1 } },
        headers: mergePatch,
      });
      assert.equal(negative.code, 422);
      const strict = await api.call('PATCH', `${deployments}/web?fieldValidation=Strict`, {
        body: { spec: { replicsa: 2 } },
        headers: mergePatch,
      });
      assert.equal(strict.code, 400);
      assert.match(strict.json.message, /unknown field "spec.replicsa"/);
    });
  });
});
