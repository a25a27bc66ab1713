import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';

const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
const applied = { 'content-type': 'application/apply-patch+yaml' };
const core = '/api/v1/namespaces/default';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const selector = { matchLabels: { app: 'a' } };
const container = { name: 'c', image: 'i:1' };
const deployment = (name: string, pod: object = {}, more: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector,
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [container], ...pod } },
    ...more,
  },
});

/** Lists and maps of a pod's spec that are replaced whole: one value, another, and the field inside a container if so. */
const atomicOfPod: { field: string; before: unknown; after: unknown; isOfContainer?: true }[] = [
  {
    field: 'tolerations',
    before: [{ key: 'a', operator: 'Exists' }],
    after: [{ key: 'b', operator: 'Exists', effect: 'NoSchedule' }],
  },
  { field: 'readinessGates', before: [{ conditionType: 'a' }], after: [{ conditionType: 'b' }] },
  { field: 'command', before: ['a', 'b'], after: ['c'], isOfContainer: true },
  { field: 'args', before: ['a', 'b'], after: ['b', 'b'], isOfContainer: true },
  {
    field: 'envFrom',
    before: [{ configMapRef: { name: 'a' } }],
    after: [{ secretRef: { name: 'b' } }],
    isOfContainer: true,
  },
];

describe('contract: strategic merge patches', () => {
  let api: ApiHarness;
  let count = 0;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  const newName = (): string => `object-${(count += 1)}`;

  async function send(method: string, path: string, body: object, headers?: Record<string, string>): Promise<Json> {
    const answer = await api.call(method, path, { body, ...(headers && { headers }) });
    assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
    return answer.json;
  }

  const patch = (path: string, body: object): Promise<Json> => send('PATCH', path, body, strategic);
  const podOf = (answer: Json): Json => answer.spec.template.spec;

  it('keep the kind, whatever they say: clients patch a Scale with the kind of its object', async () => {
    const name = newName();
    await send('POST', deployments, deployment(name));
    const scale = await patch(`${deployments}/${name}/scale`, { kind: 'Deployment', spec: { replicas: 3 } });
    assert.deepEqual([scale.apiVersion, scale.kind, scale.spec.replicas], ['autoscaling/v1', 'Scale', 3]);
    const patched = await patch(`${deployments}/${name}`, { apiVersion: 'apps/v1beta1', kind: null });
    assert.deepEqual([patched.apiVersion, patched.kind, patched.spec.replicas], ['apps/v1', 'Deployment', 3]);
  });

  for (const { field, before, after, isOfContainer } of atomicOfPod) {
    const pod = (value: unknown): object =>
      isOfContainer ? { containers: [{ ...container, [field]: value }] } : { [field]: value };
    const read = (answer: Json): unknown => (isOfContainer ? podOf(answer).containers[0] : podOf(answer))[field];

    it(`replace ${field} whole, as server-side apply does`, async () => {
      const name = newName();
      await send('POST', deployments, deployment(name, pod(before)));
      assert.deepEqual(read(await patch(`${deployments}/${name}`, deployment(name, pod(after)))), after);
      const path = `${deployments}/${name}?fieldManager=one&force=true`;
      const again = await send('PATCH', path, deployment(name, pod(before)), applied);
      assert.deepEqual(read(again), before);
      const { fieldsV1 } = again.metadata.managedFields.find(({ manager }: Json) => manager === 'one');
      const owned = fieldsV1['f:spec']['f:template']['f:spec'];
      const inContainer = owned['f:containers']['k:{"name":"c"}'];
      assert.deepEqual((isOfContainer ? inContainer : owned)[`f:${field}`], {}, 'one owns it as one thing');
    });
  }

  it('merge the nodeSelector of pods, which server-side apply takes whole', async () => {
    const name = newName();
    const path = `${deployments}/${name}`;
    await send('POST', deployments, deployment(name, { nodeSelector: { a: '1', b: '2' } }));
    const patched = await patch(path, { spec: { template: { spec: { nodeSelector: { b: null, c: '3' } } } } });
    assert.deepEqual(podOf(patched).nodeSelector, { a: '1', c: '3' });
    const body = deployment(name, { nodeSelector: { d: '4' } });
    assert.deepEqual(podOf(await send('PATCH', `${path}?fieldManager=one&force=true`, body, applied)).nodeSelector, {
      d: '4',
    });
  });

  it('merge the selector of a Service, which server-side apply takes whole', async () => {
    const name = newName();
    const service = (selector: object): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { ports: [{ port: 80 }], selector },
    });
    await send('POST', `${core}/services`, service({ a: '1' }));
    const path = `${core}/services/${name}`;
    assert.deepEqual((await patch(path, { spec: { selector: { b: '2' } } })).spec.selector, { a: '1', b: '2' });
    const again = await send('PATCH', `${path}?fieldManager=one&force=true`, service({ c: '3' }), applied);
    assert.deepEqual(again.spec.selector, { c: '3' });
  });

  it('replace the selector of a disruption budget', async () => {
    const name = newName();
    const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const kind = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
    await send('POST', path, { ...kind, metadata: { name }, spec: { selector, minAvailable: 1 } });
    const patched = await patch(`${path}/${name}`, { spec: { selector: { matchLabels: { b: 'c' } } } });
    assert.deepEqual(patched.spec.selector, { matchLabels: { b: 'c' } });
  });

  it('drop what $retainKeys does not name: another volume type, another strategy', async () => {
    const name = newName();
    const path = `${deployments}/${name}`;
    const volumes = [{ name: 'v', emptyDir: {} }];
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    await send('POST', deployments, deployment(name, { volumes }, { strategy: { rollingUpdate } }));
    const changed = await patch(path, {
      spec: {
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
        template: { spec: { volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'm' } }] } },
      },
    });
    assert.deepEqual(changed.spec.strategy, { type: 'Recreate' });
    assert.deepEqual(podOf(changed).volumes, [{ name: 'v', configMap: { name: 'm', defaultMode: 0o644 } }]);
  });

  it('merge finalizers as a set: add, remove one, order', async () => {
    const name = newName();
    const path = `${core}/configmaps/${name}`;
    await send('POST', `${core}/configmaps`, { metadata: { name, finalizers: ['example.com/a', 'example.com/b'] } });
    const finalizers = async (metadata: object): Promise<Json> => (await patch(path, { metadata })).metadata.finalizers;
    assert.deepEqual(await finalizers({ finalizers: ['example.com/c', 'example.com/a'] }), [
      'example.com/c',
      'example.com/a',
      'example.com/b',
    ]);
    assert.deepEqual(await finalizers({ '$deleteFromPrimitiveList/finalizers': ['example.com/b'] }), [
      'example.com/c',
      'example.com/a',
    ]);
    const order = { '$setElementOrder/finalizers': ['example.com/a', 'example.com/c'] };
    assert.deepEqual(await finalizers(order), ['example.com/a', 'example.com/c']);
    const one = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, finalizers: ['example.com/d'] } };
    const added = await send('PATCH', `${path}?fieldManager=one`, one, applied);
    assert.deepEqual(added.metadata.finalizers, ['example.com/a', 'example.com/c', 'example.com/d']);
    const none = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
    const gone = await send('PATCH', `${path}?fieldManager=one`, none, applied);
    assert.deepEqual(gone.metadata.finalizers, ['example.com/a', 'example.com/c']);
    assert.equal((await patch(path, { metadata: { finalizers: null } })).metadata.finalizers, undefined);
  });

  it('tell ownerReferences apart by uid', async () => {
    const name = newName();
    const owner = (uid: string, ownerName: string): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      name: ownerName,
      uid,
    });
    await send('POST', `${core}/configmaps`, {
      metadata: { name, ownerReferences: [owner('u-1', 'a'), owner('u-2', 'b')] },
    });
    const patched = await patch(`${core}/configmaps/${name}`, {
      metadata: { ownerReferences: [{ uid: 'u-1', $patch: 'delete' }, owner('u-3', 'c')] },
    });
    assert.deepEqual(
      patched.metadata.ownerReferences.map(({ uid }: Json) => uid),
      ['u-3', 'u-2'],
    );
  });

  it('replace a map whole on $patch, and labels with it', async () => {
    const name = newName();
    await send('POST', `${core}/configmaps`, { metadata: { name, labels: { a: '1' } }, data: { a: '1', b: '2' } });
    const patched = await patch(`${core}/configmaps/${name}`, {
      metadata: { labels: { $patch: 'replace', b: '2' } },
      data: { $patch: 'replace', c: '3' },
    });
    assert.deepEqual([patched.metadata.labels, patched.data], [{ b: '2' }, { c: '3' }]);
  });

  it('are refused with 400 when a directive means nothing', async () => {
    const name = newName();
    await send('POST', `${core}/configmaps`, { metadata: { name }, data: { a: '1' } });
    for (const body of [{ data: { $patch: 'explode' } }, { data: { $retainKeys: 7 } }, [1], 'text', '{"a":']) {
      const answer = await api.call('PATCH', `${core}/configmaps/${name}`, { body, headers: strategic });
      assert.equal(answer.code, 400, JSON.stringify(body) + answer.text);
    }
  });
});
