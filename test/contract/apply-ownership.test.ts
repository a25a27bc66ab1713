import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';

const types = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};
const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

const map = (name: string, data?: object, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...(data && { data }),
});
const deployment = (name: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    ...spec,
  },
});

describe('contract: who owns which field', () => {
  let api: ApiHarness;
  let count = 0;
  let name: string;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());
  beforeEach(() => {
    name = `object-${(count += 1)}`;
  });

  /** Throws unless the answer has this code. */
  async function send(method: string, path: string, body: unknown, code = 200, headers = {}): Promise<Answer> {
    const answer = await api.call(method, path, { body, headers });
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return answer;
  }

  async function patch(type: keyof typeof types, path: string, body: unknown, code = 200): Promise<Json> {
    return (await send('PATCH', path, body, code, { 'content-type': types[type] })).json;
  }

  const apply = (manager: string, data: object | undefined, code = 200, query = ''): Promise<Json> =>
    patch('apply', `${maps}/${name}?fieldManager=${manager}${query}`, map(name, data), code);

  /** `manager operation [subresource]` to the keys of `data` that it owns. */
  const dataOwners = ({ metadata }: Json): Record<string, string[]> =>
    Object.fromEntries(
      (metadata.managedFields ?? []).map((entry: Json) => [
        [entry.manager, entry.operation, entry.subresource].filter(Boolean).join(' '),
        Object.keys(entry.fieldsV1['f:data'] ?? {})
          .filter((key) => key !== '.')
          .map((key) => key.slice('f:'.length)),
      ]),
    );
  const writers = (answer: Json): string[] => Object.keys(dataOwners(answer)).sort();

  describe('apply', () => {
    it('makes an object with 201, and records version, time and type of its fields', async () => {
      const made = await apply('one', { a: '1' }, 201);
      const [entry] = made.metadata.managedFields;
      assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.deepEqual(
        { ...entry, time: '' },
        {
          manager: 'one',
          operation: 'Apply',
          apiVersion: 'v1',
          time: '',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:a': {} } },
        },
      );
      await apply('one', { a: '1' });
    });

    it('shares what two managers say alike, and removes it with the last of them', async () => {
      await apply('one', { a: '1', b: '2' }, 201);
      assert.deepEqual(dataOwners(await apply('two', { a: '1' })), { 'one Apply': ['a', 'b'], 'two Apply': ['a'] });
      const dropped = await apply('one', { b: '2' });
      assert.deepEqual(dropped.data, { a: '1', b: '2' });
      assert.deepEqual(dataOwners(dropped), { 'two Apply': ['a'], 'one Apply': ['b'] });
      assert.deepEqual((await apply('two', undefined)).data, { b: '2' });
    });

    it('takes by force: who loses the field no longer says it, and dropping it later removes it', async () => {
      await apply('one', { a: '1', b: '2' }, 201);
      const refused = await apply('two', { a: '9' }, 409);
      assert.equal(refused.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
      assert.deepEqual(refused.details.causes, [
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
      ]);
      const taken = await apply('two', { a: '9' }, 200, '&force=true');
      assert.deepEqual(dataOwners(taken), { 'one Apply': ['b'], 'two Apply': ['a'] });
      await apply('one', { a: '1', b: '2' }, 409);
      assert.deepEqual((await apply('two', undefined)).data, { b: '2' });
    });

    it('is another writer than an update by the same name', async () => {
      await send('POST', `${maps}?fieldManager=one`, map(name, { a: '1' }), 201);
      await apply('one', { a: '2' }, 409);
      const shared = await apply('one', { a: '1' });
      assert.deepEqual(dataOwners(shared), { 'one Update': ['a'], 'one Apply': ['a'] });
      assert.deepEqual((await apply('one', undefined)).data, { a: '1' }, 'the update still owns it');
    });

    it('loses what an update changes', async () => {
      await apply('one', { a: '1', b: '2' }, 201);
      const changed = await patch('merge', `${maps}/${name}?fieldManager=two`, { data: { a: '9' } });
      assert.deepEqual(dataOwners(changed), { 'one Apply': ['b'], 'two Update': ['a'] });
      await apply('one', { a: '1', b: '2' }, 409);
    });

    it('stores nothing on a dry run', async () => {
      await apply('one', { a: '1' }, 201, '&dryRun=All');
      await send('GET', `${maps}/${name}`, undefined, 404);
      const { metadata } = await apply('one', { a: '1' }, 201);
      const tried = await apply('one', { a: '2' }, 200, '&dryRun=All');
      assert.deepEqual(tried.data, { a: '2' });
      const { json } = await send('GET', `${maps}/${name}`, undefined);
      assert.deepEqual([json.data, json.metadata], [{ a: '1' }, metadata]);
    });

    it('is refused without a manager, with entries of its own, and for another kind or name', async () => {
      const path = `${maps}/${name}`;
      const nobody = await patch('apply', path, map(name), 422);
      assert.match(
        nobody.message,
        /^PatchOptions\.meta\.k8s\.io "" is invalid: fieldManager: Required value: is required for apply patch/,
      );
      const own = await patch('apply', `${path}?fieldManager=one`, map(name, {}, { managedFields: [] }), 400);
      assert.equal(own.message, 'metadata.managedFields must be nil');
      await patch('apply', `${path}?fieldManager=one`, { ...map(name), kind: 'Secret' }, 400);
      await patch('apply', `${path}?fieldManager=one`, map('other'), 400);
      await patch('apply', `${path}?fieldManager=one`, { data: {} }, 400);
      await patch('apply', `${path}?fieldManager=one`, '- a\n- b', 400);
    });

    it('is read as YAML too', async () => {
      const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`;
      assert.deepEqual((await patch('apply', `${maps}/${name}?fieldManager=one`, body, 201)).data, { a: '1' });
    });

    it('compares a resourceVersion or a uid that it names', async () => {
      const { metadata } = await apply('one', { a: '1' }, 201);
      const path = `${maps}/${name}?fieldManager=one`;
      const { resourceVersion, uid } = metadata;
      const now = (await patch('apply', path, map(name, { a: '2' }, { resourceVersion, uid }))).metadata;
      assert.notEqual(now.resourceVersion, resourceVersion);
      await patch('apply', path, map(name, { a: '3' }, { resourceVersion }), 409);
      await patch('apply', path, map(name, { a: '3' }, { uid: 'another' }), 409);
    });
  });

  describe('updates', () => {
    it('go by the first word of the User-Agent when they name no manager', async () => {
      const made = (await send('POST', maps, map(name, { a: '1' }), 201, { 'user-agent': 'shipper/1.2 (linux)' })).json;
      assert.deepEqual(dataOwners(made), { 'shipper Update': ['a'] });
      const agent = { 'user-agent': 'kubectl-edit/v1.32', 'content-type': types.merge };
      const { json } = await send('PATCH', `${maps}/${name}`, { data: { b: '2' } }, 200, agent);
      assert.deepEqual(dataOwners(json), { 'shipper Update': ['a'], 'kubectl-edit Update': ['b'] });
    });

    it('of every form are recorded', async () => {
      const query = (manager: string): string => `${maps}/${name}?fieldManager=${manager}`;
      const made = (await send('POST', `${maps}?fieldManager=post`, map(name, { a: '1' }), 201)).json;
      await send('PUT', query('put'), { ...made, data: { a: '1', b: '1' } });
      await patch('merge', query('merge'), { data: { c: '1' } });
      await patch('strategic', query('strategic'), { data: { d: '1' } });
      const last = await patch('json', query('json'), [{ op: 'add', path: '/data/e', value: '1' }]);
      assert.deepEqual(dataOwners(last), {
        'post Update': ['a'],
        'put Update': ['b'],
        'merge Update': ['c'],
        'strategic Update': ['d'],
        'json Update': ['e'],
      });
    });

    it('reset the entries with an empty one', async () => {
      await apply('one', { a: '1' }, 201);
      const reset = await patch('json', `${maps}/${name}`, [
        { op: 'replace', path: '/metadata/managedFields', value: [{}] },
      ]);
      assert.equal(reset.metadata.managedFields, undefined);
      const again = await apply('two', { b: '2' });
      assert.deepEqual(dataOwners(again), { 'before-first-apply Update': ['a'], 'two Apply': ['b'] });
    });
  });

  describe('subresources', () => {
    it('have entries of their own: the status', async () => {
      await send('POST', `${deployments}?fieldManager=one`, deployment(name), 201);
      const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, status: { replicas: 3 } };
      const written = await patch('apply', `${deployments}/${name}/status?fieldManager=two`, status);
      const entry = written.metadata.managedFields.find(({ manager }: Json) => manager === 'two');
      assert.deepEqual([entry.operation, entry.subresource], ['Apply', 'status']);
      assert.deepEqual(entry.fieldsV1, { 'f:status': { 'f:replicas': {} } });
      const refused = await patch(
        'apply',
        `${deployments}/${name}/status?fieldManager=three`,
        { ...status, status: { replicas: 4 } },
        409,
      );
      assert.match(refused.message, /conflict with "two" with subresource "status": \.status\.replicas/);
      await patch(
        'apply',
        `${deployments}/none/status?fieldManager=two`,
        { ...status, metadata: { name: 'none' } },
        404,
      );
    });

    it('and the scale, applied or updated', async () => {
      await patch('apply', `${deployments}/${name}?fieldManager=one`, deployment(name, { replicas: 1 }), 201);
      const scale = (replicas: number): object => ({
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name },
        spec: { replicas },
      });
      const path = `${deployments}/${name}/scale`;
      await patch('apply', `${path}?fieldManager=two`, scale(2), 409);
      assert.equal((await patch('apply', `${path}?fieldManager=two&force=true`, scale(2))).spec.replicas, 2);
      const { json } = await send('GET', `${deployments}/${name}`, undefined);
      const entry = json.metadata.managedFields.find(({ manager }: Json) => manager === 'two');
      assert.deepEqual(
        [entry.operation, entry.subresource, entry.fieldsV1],
        ['Apply', 'scale', { 'f:spec': { 'f:replicas': {} } }],
      );
      await patch('merge', `${path}?fieldManager=three`, { spec: { replicas: 5 } });
      const later = (await send('GET', `${deployments}/${name}`, undefined)).json;
      assert.deepEqual(writers(later), ['one Apply', 'three Update scale']);
      await patch('apply', `${deployments}/${name}?fieldManager=one`, deployment(name, { replicas: 1 }), 409);
      const handed = await patch('apply', `${deployments}/${name}?fieldManager=one`, deployment(name));
      assert.equal(handed.spec.replicas, 5, 'who leaves the count out hands it over');
    });
  });

  it('kubectl goes over from its own apply: the fields move, then the annotation alone is applied', async () => {
    const annotations = { [lastApplied]: JSON.stringify(map(name, { a: '1', b: '2' })) };
    await send(
      'POST',
      `${maps}?fieldManager=kubectl-client-side-apply`,
      map(name, { a: '1', b: '2' }, { annotations }),
      201,
    );
    const moved = await patch('apply', `${maps}/${name}?fieldManager=kubectl`, map(name, { a: '3' }));
    assert.deepEqual(moved.data, { a: '3' });
    assert.deepEqual(writers(moved), ['kubectl Apply']);
    const again = { [lastApplied]: `${JSON.stringify(map(name, { a: '3' }))}\n` };
    const noted = await patch(
      'apply',
      `${maps}/${name}?fieldManager=kubectl-last-applied&force=true`,
      map(name, undefined, { annotations: again }),
    );
    assert.deepEqual(writers(noted), ['kubectl Apply', 'kubectl-last-applied Apply']);
    assert.deepEqual(noted.data, { a: '3' });
  });
});
