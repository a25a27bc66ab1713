import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { configMapManifest, deploymentManifest } from '../api/manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const merge = 'application/merge-patch+json';
const modified = 'the object has been modified; please apply your changes to the latest version and try again';

describe('contract: PUT and PATCH', () => {
  let api: ApiHarness;
  let map: Json;
  let web: Json;

  beforeEach(async () => {
    api = await ApiHarness.start();
    map = (await api.call('POST', maps, { body: configMapManifest('a', { k: '1' }) })).json;
    web = (await api.call('POST', deployments, { body: deploymentManifest('web') })).json;
  });
  afterEach(() => api.stop());

  const put = (path: string, body: unknown): Promise<Answer> => api.call('PUT', path, { body });
  const patch = (path: string, body: unknown, type = merge): Promise<Answer> =>
    api.call('PATCH', path, { body, headers: { 'content-type': type } });
  const having = (object: Json, metadata: object, rest: object = {}): Json => {
    return { ...object, ...rest, metadata: { ...object.metadata, ...metadata } };
  };

  describe('names', () => {
    const named = 'the name of the object';
    const refused: [string, string, object, string][] = [
      [
        'PUT without a name',
        'PUT',
        { name: undefined },
        `${named} (a based on URL) was undeterminable: name must be provided`,
      ],
      ['PUT of another', 'PUT', { name: 'b' }, `${named} (b) does not match the name on the URL (a)`],
      ['PATCH to another', 'PATCH', { name: 'b' }, `${named} (b) does not match the name on the URL (a)`],
      [
        'PUT in another namespace',
        'PUT',
        { namespace: 'kube-system' },
        'the namespace of the object (kube-system) does not match the namespace on the request (default)',
      ],
      [
        'PATCH to another namespace',
        'PATCH',
        { namespace: 'kube-system' },
        'the namespace of the object (kube-system) does not match the namespace on the request (default)',
      ],
    ];
    for (const [name, method, metadata, message] of refused)
      it(`have to be those of the URL: ${name}`, async () => {
        const body = method === 'PUT' ? having(map, metadata) : { metadata };
        const { code, json } = method === 'PUT' ? await put(`${maps}/a`, body) : await patch(`${maps}/a`, body);
        assert.deepEqual([code, json.reason, json.message], [400, 'BadRequest', message]);
      });

    it('may leave the namespace out', async () => {
      assert.equal((await put(`${maps}/a`, having(map, { namespace: undefined }))).json.metadata.namespace, 'default');
    });

    it('count for a Scale as well', async () => {
      const { json } = await api.call('GET', `${deployments}/web/scale`);
      assert.equal((await put(`${deployments}/web/scale`, having(json, { name: 'other' }))).code, 400);
      assert.equal((await put(`${deployments}/web/scale`, having(json, { name: undefined }))).code, 400);
    });

    it('say nothing of a namespace where there is none', async () => {
      const body = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'r' },
        rules: [],
      };
      await api.call('POST', roles, { body });
      assert.equal((await put(`${roles}/r`, having(body, { namespace: 'default' }))).code, 200);
    });
  });

  it('make nothing that is not there', async () => {
    for (const answer of [
      await put(`${maps}/x`, having(map, { name: 'x', uid: undefined })),
      await patch(`${maps}/x`, {}),
    ])
      assert.deepEqual([answer.code, answer.json.message], [404, 'configmaps "x" not found']);
  });

  it('PUT needs no resourceVersion, and may insist on one', async () => {
    const free = await put(`${maps}/a`, having(map, { resourceVersion: undefined }, { data: { k: '2' } }));
    assert.equal(free.code, 200);
    const stale = await put(`${maps}/a`, having(map, {}, { data: { k: '3' } }));
    assert.equal(stale.json.message, `Operation cannot be fulfilled on configmaps "a": ${modified}`);
    assert.equal((await put(`${maps}/a`, having(free.json, {}, { data: { k: '3' } }))).code, 200);
  });

  it('take resourceVersion 0 for none', async () => {
    assert.equal((await put(`${maps}/a`, having(map, { resourceVersion: '0' }, { data: { k: '2' } }))).code, 200);
    assert.equal((await patch(`${maps}/a`, { metadata: { resourceVersion: '0' }, data: { k: '3' } })).code, 200);
  });

  describe('PATCH to a value of a wrong type', () => {
    const strategic = 'application/strategic-merge-patch+json';
    const wrong: [string, unknown, string][] = [
      [strategic, { metadata: { labels: 'x' } }, 'metadata.labels: cannot restore map from string'],
      [merge, { metadata: { finalizers: 'x' } }, 'metadata.finalizers: cannot restore slice from string'],
      [
        'application/json-patch+json',
        [{ op: 'replace', path: '/metadata', value: { name: 'a', ownerReferences: [1] } }],
        'metadata.ownerReferences[0]: cannot restore struct from number',
      ],
    ];
    for (const [type, body, problem] of wrong)
      it(`is refused as an invalid patch: ${type}`, async () => {
        const { code, json } = await patch(`${maps}/a`, body, type);
        assert.deepEqual([code, json.reason], [422, 'Invalid']);
        const message = `Invalid value: ${JSON.stringify(body)}: ${problem}`;
        assert.deepEqual(json.details.causes, [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
      });
  });

  it('PUT takes away what it does not say', async () => {
    const labelled = await put(`${maps}/a`, having(map, { labels: { x: 'y' } }));
    const { json } = await put(`${maps}/a`, having(labelled.json, { labels: undefined }, { data: undefined }));
    assert.deepEqual([json.metadata.labels, json.data], [undefined, undefined]);
  });

  it('leave to the server what only it says', async () => {
    const time = '2001-01-01T00:00:00Z';
    const claims = { creationTimestamp: time, generation: 99, deletionTimestamp: time, deletionGracePeriodSeconds: 9 };
    const kept = ['creationTimestamp', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'uid'];
    const answers = [
      await put(`${deployments}/web`, having(web, claims)),
      await patch(`${deployments}/web`, { metadata: claims }),
      await patch(`${deployments}/web`, { metadata: { uid: null, creationTimestamp: null } }),
      await put(`${deployments}/web`, having(web, { uid: undefined, creationTimestamp: null })),
    ];
    for (const { code, json } of answers) {
      assert.equal(code, 200);
      for (const field of kept) assert.equal(json.metadata[field], web.metadata[field], field);
    }
  });

  it('hold a uid against that of the object', async () => {
    const { code, json } = await put(`${maps}/a`, having(map, { uid: 'u' }));
    const why = `Precondition failed: UID in precondition: u, UID in object meta: ${map.metadata.uid}`;
    assert.deepEqual([code, json.message], [409, `Operation cannot be fulfilled on configmaps "a": ${why}`]);
  });

  it('write nothing when nothing changes, though time has passed', async () => {
    const { resourceVersion, managedFields } = map.metadata;
    const type = 'application/strategic-merge-patch+json';
    for (const answer of [
      await put(`${maps}/a`, map),
      await put(`${maps}/a`, having(map, { resourceVersion: undefined, managedFields: undefined })),
      await patch(`${maps}/a`, { data: { k: '1' } }),
      await patch(`${maps}/a`, { data: { k: '1' } }, type),
      await patch(`${maps}/a`, [{ op: 'replace', path: '/data/k', value: '1' }], 'application/json-patch+json'),
    ])
      assert.deepEqual(
        [answer.json.metadata.resourceVersion, answer.json.metadata.managedFields],
        [resourceVersion, managedFields],
      );
    assert.equal(api.store.version, Number(web.metadata.resourceVersion));
  });

  it('raise the generation for the spec alone', async () => {
    const generationAfter = async (body: object, part = ''): Promise<number> =>
      (await patch(`${deployments}/web${part}`, body)).json.metadata.generation;
    assert.equal(await generationAfter({ metadata: { labels: { a: 'b' } } }), 1);
    assert.equal(await generationAfter({ status: { observedGeneration: 1 } }, '/status'), 1);
    assert.equal(await generationAfter({ spec: { replicas: 3 } }), 2);
    assert.equal(await generationAfter({ spec: { replicas: 3 } }), 2);
    await patch(`${deployments}/web/scale`, { spec: { replicas: 4 } });
    assert.equal(await generationAfter({}), 3);
  });

  it('of the object leave its status, and of the status its spec, but take labels', async () => {
    const status = { observedGeneration: 1, replicas: 5 };
    const spec = { ...web.spec, replicas: 9 };
    const main = await put(`${deployments}/web`, { ...web, status });
    assert.deepEqual(main.json.status, web.status);
    const part = await put(`${deployments}/web/status`, having({ ...main.json, spec, status }, { labels: { a: 'b' } }));
    assert.deepEqual([part.json.spec, part.json.status.replicas], [web.spec, 5]);
    assert.deepEqual(part.json.metadata.labels, { a: 'b' });
    const patched = await patch(`${deployments}/web/status`, { spec: { replicas: 9 }, status: { replicas: 6 } });
    assert.deepEqual([patched.json.spec.replicas, patched.json.status.replicas], [1, 6]);
  });

  describe('dryRun=All', () => {
    it('shows the generation that would be, in the version that is', async () => {
      const spec = { ...web.spec, replicas: 3 };
      for (const answer of [
        await put(`${deployments}/web?dryRun=All`, { ...web, spec }),
        await patch(`${deployments}/web?dryRun=All`, { spec: { replicas: 3 } }),
      ]) {
        const { generation, resourceVersion, uid } = answer.json.metadata;
        assert.deepEqual([generation, resourceVersion, uid], [2, web.metadata.resourceVersion, web.metadata.uid]);
        assert.equal(answer.json.spec.replicas, 3);
      }
      assert.deepEqual((await api.call('GET', `${deployments}/web`)).json, web);
    });

    it('finds what is stale or invalid: kubectl diff asks so', async () => {
      const { resourceVersion } = web.metadata;
      await patch(`${deployments}/web`, { metadata: { labels: { a: 'b' } } });
      const stale = { metadata: { resourceVersion }, spec: { replicas: 3 } };
      assert.equal((await patch(`${deployments}/web?dryRun=All`, stale)).code, 409);
      assert.equal((await patch(`${deployments}/web?dryRun=All`, { spec: { replicas: -1 } })).code, 422);
    });

    it('makes nothing by apply', async () => {
      const path = `${maps}/new?fieldManager=m&dryRun=All`;
      const { code, json } = await patch(path, configMapManifest('new'), 'application/apply-patch+yaml');
      assert.deepEqual([code, json.metadata.name], [201, 'new']);
      assert.equal((await api.call('GET', `${maps}/new`)).code, 404);
    });
  });

  it('are recorded with their manager', async () => {
    const managers = async (query: string, agent = 'tool/v1 (linux)'): Promise<string[]> => {
      const headers = { 'content-type': merge, 'user-agent': agent };
      const body = { data: { [agent.slice(0, 3)]: query } };
      const { json } = await api.call('PATCH', `${maps}/a${query}`, { body, headers });
      return json.metadata.managedFields.map(({ manager, operation }: Json) => `${manager} ${operation}`);
    };
    assert.ok((await managers('?fieldManager=kubectl-patch')).includes('kubectl-patch Update'));
    assert.ok((await managers('', 'kubectl/v1.32.0 (linux/amd64)')).includes('kubectl Update'));
  });
});
