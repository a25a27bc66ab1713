import assert from 'node:assert/strict';
import { ApiHarness, type CallOptions, type Json } from '../api/harness.ts';
import { configMapManifest } from '../api/manifests.ts';

const namespaces = '/api/v1/namespaces';
const old = `${namespaces}/old`;
const merge = { 'content-type': 'application/merge-patch+json' };

describe('contract: namespaces', () => {
  let api: ApiHarness;
  let made: Json;

  const ok = async (method: string, path: string, options: CallOptions = {}, code = 200): Promise<Json> => {
    const answer = await api.call(method, path, options);
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return answer.json;
  };

  beforeEach(async () => {
    api = await ApiHarness.start();
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } };
    made = await ok('POST', namespaces, { body }, 201);
    await ok('POST', `${old}/configmaps`, { body: configMapManifest('inside') }, 201);
  });
  afterEach(() => api.stop());

  it('begin Active, held by a finalizer of their spec', () => {
    assert.deepEqual(made.spec, { finalizers: ['kubernetes'] });
    assert.deepEqual(made.status, { phase: 'Active' });
    assert.equal(made.metadata.labels['kubernetes.io/metadata.name'], 'old');
  });

  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    it(`are there from the start: ${name}`, async () => assert.ok(await ok('GET', `${namespaces}/${name}`)));

  it('that must live are kept, whatever asks for their deletion, and the others go', async () => {
    const protectedOnes = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
    const propagated = { body: { propagationPolicy: 'Foreground', gracePeriodSeconds: 0 } };
    for (const name of protectedOnes) {
      for (const [query, options] of [
        ['', {}],
        ['?dryRun=All', {}],
        ['', propagated],
      ] as const) {
        const { message, reason } = await ok('DELETE', `${namespaces}/${name}${query}`, options, 403);
        const expected = `namespaces "${name}" is forbidden: this namespace may not be deleted`;
        assert.deepEqual([message, reason], [expected, 'Forbidden']);
      }
    }
    await ok('DELETE', namespaces, {}, 405);
    await ok('DELETE', old);
    const { items } = await ok('GET', namespaces);
    const phases = items.map(({ metadata, status }: Json) => [metadata.name, status.phase]);
    const active = protectedOnes.map((name) => [name, 'Active']);
    assert.deepEqual(phases, [...active, ['old', 'Terminating']]);
  });

  describe('being deleted', () => {
    let gone: Json;
    beforeEach(async () => {
      gone = await ok('DELETE', old);
    });

    it('are Terminating, and answered as what they are', () => {
      assert.deepEqual([gone.kind, gone.status.phase], ['Namespace', 'Terminating']);
      assert.ok(gone.metadata.deletionTimestamp);
      assert.deepEqual(gone.spec, { finalizers: ['kubernetes'] });
    });

    for (const query of ['', '?dryRun=All'])
      it(`take in nothing new${query}`, async () => {
        const json = await ok('POST', `${old}/configmaps${query}`, { body: configMapManifest('new') }, 403);
        const why = 'unable to create new content in namespace old because it is being terminated';
        assert.deepEqual([json.reason, json.message], ['Forbidden', `configmaps "new" is forbidden: ${why}`]);
        const message = 'namespace old is being terminated';
        const causes = [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }];
        assert.deepEqual(json.details, { name: 'new', kind: 'configmaps', causes });
      });

    it('take in nothing by apply either', async () => {
      const headers = { 'content-type': 'application/apply-patch+yaml' };
      const path = `${old}/configmaps/new?fieldManager=m`;
      const json = await ok('PATCH', path, { body: configMapManifest('new'), headers }, 403);
      assert.equal(json.details.causes[0].reason, 'NamespaceTerminating');
    });

    it('let what is there be changed and deleted', async () => {
      await ok('PATCH', `${old}/configmaps/inside`, { body: { data: { k: 'v' } }, headers: merge });
      await ok('DELETE', `${old}/configmaps/inside`);
    });

    it('stay as they are when deleted again', async () => assert.deepEqual(await ok('DELETE', old), gone));

    it('go when finalize takes the last finalizer', async () => {
      const answered = await ok('PUT', `${old}/finalize`, { body: { ...gone, spec: { finalizers: [] } } });
      assert.equal(answered.kind, 'Namespace');
      await ok('GET', old, {}, 404);
    });
  });

  it('keep their finalizers from everything but finalize', async () => {
    const body = { ...made, spec: { finalizers: [] } };
    assert.deepEqual((await ok('PUT', old, { body })).spec, made.spec);
    assert.deepEqual((await ok('PUT', `${old}/status`, { body })).spec, made.spec);
    const patched = await ok('PATCH', old, { body: { spec: { finalizers: null } }, headers: merge });
    assert.deepEqual(patched.spec, made.spec);
  });

  it('have their finalizers changed by finalize, and nothing else', async () => {
    const metadata = { ...made.metadata, labels: { a: 'b' } };
    const finalizers = ['kubernetes', 'example.com/hold'];
    const answered = await ok('PUT', `${old}/finalize`, { body: { ...made, metadata, spec: { finalizers } } });
    assert.deepEqual([answered.spec.finalizers, answered.metadata.labels], [finalizers, made.metadata.labels]);
  });

  it('have a part, not a resource, at /status and /finalize', async () => {
    assert.equal((await ok('GET', `${old}/status`)).kind, 'Namespace');
    assert.equal((await api.call('GET', `${old}/finalize`)).headers.allow, 'PUT');
  });
});
