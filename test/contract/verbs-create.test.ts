import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type CallOptions, type Json } from '../api/harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../api/manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';

function map(metadata: object, rest: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...rest };
}

describe('contract: POST', () => {
  let api: ApiHarness;
  /** What chance is to give, the last one for ever. */
  const numbers: number[] = [];

  before(async () => {
    api = await ApiHarness.start({
      random: () => (numbers.length > 1 ? numbers.shift() : numbers[0]) ?? Math.random(),
    });
  });
  afterEach(() => numbers.splice(0));
  after(() => api?.stop());

  const post = (path: string, body: unknown, options: CallOptions = {}): Promise<Answer> =>
    api.call('POST', path, { body, ...options });
  const made = async (path: string, body: unknown, options: CallOptions = {}): Promise<Json> => {
    const { code, json, text } = await post(path, body, options);
    assert.equal(code, 201, text);
    return json;
  };

  describe('places', () => {
    it('takes the namespace of the URL when the object names none', async () => {
      assert.equal((await made(maps, map({ name: 'p1' }))).metadata.namespace, 'default');
      assert.equal((await made(maps, map({ name: 'p2', namespace: 'default' }))).metadata.namespace, 'default');
    });

    it('refuses another namespace', async () => {
      const { code, json } = await post(maps, map({ name: 'p3', namespace: 'kube-system' }));
      const message = 'the namespace of the provided object does not match the namespace sent on the request';
      assert.deepEqual([code, json.reason, json.message], [400, 'BadRequest', message]);
    });

    it('takes no notice of a namespace on what has none, as charts write it', async () => {
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', rules: [] };
      const { metadata } = await made(roles, { ...role, metadata: { name: 'chart', namespace: 'default' } });
      assert.equal(metadata.namespace, undefined);
    });

    it('needs a name, or something to make one of', async () => {
      const { code, json } = await post(maps, map({}));
      assert.equal(code, 422);
      assert.match(json.message, /metadata\.name: Required value: name or generateName is required/);
    });

    it('lets an apiVersion and a kind be absent, since the URL says them', async () => {
      const { kind, apiVersion } = await made(maps, { metadata: { name: 'bare' } });
      assert.deepEqual([kind, apiVersion], ['ConfigMap', 'v1']);
    });
  });

  describe('generateName', () => {
    it('gets five letters and digits that make no words', async () => {
      for (let count = 0; count < 20; count += 1) {
        const { metadata } = await made(maps, map({ generateName: 'job-' }));
        assert.match(metadata.name, /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
        assert.equal(metadata.generateName, 'job-');
      }
    });

    it('is cut so that the name fits a label', async () => {
      const { name } = (await made(maps, map({ generateName: 'x'.repeat(100) }))).metadata;
      assert.match(name, /^x{58}[a-z0-9]{5}$/);
    });

    it('gives way to a name', async () => {
      assert.equal((await made(maps, map({ name: 'own', generateName: 'job-' }))).metadata.name, 'own');
    });

    it('is tried again when its name is taken', async () => {
      numbers.push(0);
      const first = (await made(maps, map({ generateName: 'lot-' }))).metadata.name;
      numbers.splice(0, 1, 0, 0, 0, 0, 0, 0.5);
      const second = (await made(maps, map({ generateName: 'lot-' }))).metadata.name;
      assert.notEqual(first, second);
    });

    it('is refused when every name is taken, and clients are told to try later', async () => {
      numbers.push(0.99);
      const { name } = (await made(maps, map({ generateName: 'few-' }))).metadata;
      const { code, json, headers } = await post(maps, map({ generateName: 'few-' }));
      const why = 'already exists, the server was not able to generate a unique name for the object';
      assert.deepEqual([code, json.reason, json.message], [409, 'AlreadyExists', `configmaps "${name}" ${why}`]);
      assert.deepEqual(json.details, { name, kind: 'configmaps', retryAfterSeconds: 1 });
      assert.equal(headers['retry-after'], '1');
    });
  });

  describe('metadata', () => {
    it('is the server’s where only it knows', async () => {
      const time = '2001-01-01T00:00:00Z';
      const claimed = { uid: 'mine', generation: 7, creationTimestamp: time, deletionTimestamp: time };
      const managedFields = [{ manager: 'me', operation: 'Update', apiVersion: 'v1' }];
      const body = deploymentManifest('claims') as Json;
      body.metadata = { ...body.metadata, ...claimed, managedFields, selfLink: '/x', deletionGracePeriodSeconds: 5 };
      const { metadata } = await made(`${deployments}?fieldManager=test`, body);
      assert.match(metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(metadata.generation, 1);
      assert.notEqual(metadata.creationTimestamp, time);
      for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
        assert.equal(metadata[field], undefined, field);
      assert.deepEqual(
        metadata.managedFields.map(({ manager }: Json) => manager),
        ['test'],
      );
    });

    it('may not bring a resourceVersion', async () => {
      const { code, json } = await post(maps, map({ name: 'rv', resourceVersion: '1' }));
      assert.equal(code, 400);
      assert.equal(json.message, 'resourceVersion should not be set on objects to be created');
    });

    it('takes an empty resourceVersion for none', async () => {
      await made(maps, map({ name: 'rv-empty', resourceVersion: '' }));
    });
  });

  it('drops a status', async () => {
    const body = { ...(deploymentManifest('status') as object), status: { replicas: 9, readyReplicas: 9 } };
    assert.equal((await made(deployments, body)).status?.readyReplicas, undefined);
  });

  it('keeps the status of a node, which registers itself', async () => {
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n' },
      status: { capacity: { memory: '1024Mi' } },
    };
    assert.deepEqual((await made('/api/v1/nodes', node)).status?.capacity, { memory: '1Gi' });
  });

  it('takes null for absent, as Go programs write what they do not say', async () => {
    const body = podManifest('nulls') as Json;
    body.metadata = { ...body.metadata, creationTimestamp: null, labels: null };
    body.spec = { ...body.spec, volumes: null, nodeSelector: null };
    Object.assign(body.spec.containers[0], { resources: {}, env: null });
    const created = await made(`${pods}?fieldValidation=Strict`, { ...body, status: {} });
    assert.match(created.metadata.creationTimestamp, /^\d{4}-/);
    assert.equal('nodeSelector' in created.spec, false);
    const workload = deploymentManifest('nulls') as Json;
    workload.spec = { ...workload.spec, strategy: {} };
    workload.spec.template.metadata.creationTimestamp = null;
    const { spec } = await made(`${deployments}?fieldValidation=Strict`, { ...workload, status: {} });
    assert.equal(spec.strategy.type, 'RollingUpdate');
    assert.equal('creationTimestamp' in spec.template.metadata, false);
  });

  describe('bodies', () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\ndata:\n  k: v\n';

    it('may be YAML when they say so', async () => {
      const headers = { 'content-type': 'application/yaml' };
      assert.deepEqual((await made(maps, text, { headers })).data, { k: 'v' });
    });

    it('may say their character set', async () => {
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      await made(maps, JSON.stringify(configMapManifest('charset')), { headers });
    });

    it('may not be empty', async () => {
      const { code, json } = await post(maps, '');
      assert.deepEqual([code, json.reason], [400, 'BadRequest']);
    });
  });

  describe('dryRun=All', () => {
    it('answers what would be made, with a uid of its own each time', async () => {
      const one = await made(`${deployments}?dryRun=All`, deploymentManifest('dry'));
      const two = await made(`${deployments}?dryRun=All`, deploymentManifest('dry'));
      assert.notEqual(one.metadata.uid, two.metadata.uid);
      assert.deepEqual([one.metadata.generation, one.metadata.resourceVersion], [1, undefined]);
      assert.equal(one.spec.revisionHistoryLimit, 10);
      assert.equal((await api.call('GET', `${deployments}/dry`)).code, 404);
    });

    it('finds what is invalid or there already', async () => {
      await made(maps, configMapManifest('there'));
      assert.equal((await post(`${maps}?dryRun=All`, configMapManifest('there'))).code, 409);
      assert.equal((await post(`${maps}?dryRun=All`, configMapManifest('No'))).code, 422);
    });

    it('makes a name', async () => {
      assert.match((await made(`${maps}?dryRun=All`, map({ generateName: 'd-' }))).metadata.name, /^d-.{5}$/);
    });
  });
});
