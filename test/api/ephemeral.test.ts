import assert from 'node:assert/strict';
import { aPod } from '../objects.ts';
import { ApiHarness, type Answer, type Json } from './harness.ts';

const path = '/api/v1/namespaces/default/pods/web/ephemeralcontainers';
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

describe('pods/ephemeralcontainers', () => {
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
    const { metadata: _, status: _status, ...pod } = aPod();
    const body = { ...pod, metadata: { name: 'web' } };
    assert.equal((await api.call('POST', '/api/v1/namespaces/default/pods', { body })).code, 201);
  });
  afterEach(() => api.stop());

  const add = (container: object): Promise<Answer> =>
    api.call('PATCH', path, { body: { spec: { ephemeralContainers: [container] } }, headers: strategic });

  it('adds containers with their defaults, and is read as the pod', async () => {
    assert.equal((await add({ name: 'one', image: 'tools', targetContainerName: 'main' })).code, 200);
    assert.equal((await add({ name: 'two', image: 'tools:1', stdin: true, tty: true })).code, 200);
    const { json } = await api.call('GET', path);
    assert.deepEqual([json.kind, json.metadata.generation], ['Pod', 3]);
    const found = json.spec.ephemeralContainers.map(({ name, imagePullPolicy }: Json) => [name, imagePullPolicy]);
    assert.deepEqual(
      found.sort(([a]: Json, [b]: Json) => (a < b ? -1 : 1)),
      [
        ['one', 'Always'],
        ['two', 'IfNotPresent'],
      ],
    );
    assert.equal(json.spec.containers[0].image, 'hello:1');
  });

  it('changes nothing else of the pod', async () => {
    const { json: pod } = await api.call('GET', '/api/v1/namespaces/default/pods/web');
    pod.metadata.labels = { new: 'label' };
    pod.spec.containers[0].image = 'other:1';
    pod.spec.ephemeralContainers = [{ name: 'debug', image: 'tools:1' }];
    const { code, json } = await api.call('PUT', path, { body: pod });
    assert.equal(code, 200);
    assert.equal(json.spec.containers[0].image, 'hello:1');
    assert.equal(json.metadata.labels, undefined);
    assert.equal(json.spec.ephemeralContainers[0].name, 'debug');
    assert.equal((await api.call('PUT', path, { body: pod })).code, 409);
  });

  it('refuses what such a container cannot have, and any change of one that is there', async () => {
    assert.equal((await add({ name: 'debug', image: 'tools:1' })).code, 200);
    const refused: [object, RegExp][] = [
      [{ name: 'debug', image: 'tools:2' }, /existing ephemeral containers "debug" may not be changed/],
      [{ name: 'main', image: 'tools:1' }, /spec\.ephemeralContainers\[\d\]\.name: Duplicate value: "main"/],
      [{ name: 'x' }, /image: Required value/],
      [{ name: 'x', image: 'a:1', ports: [{ containerPort: 1 }] }, /ports: Forbidden: cannot be set for an Ephemeral/],
      [{ name: 'x', image: 'a:1', resources: { limits: { cpu: '1' } } }, /resources: Forbidden/],
      [{ name: 'x', image: 'a:1', livenessProbe: { exec: { command: ['a'] } } }, /livenessProbe: Forbidden/],
      [{ name: 'x', image: 'a:1', targetContainerName: 'nope' }, /targetContainerName: Not found: "nope"/],
    ];
    for (const [container, why] of refused) {
      const { code, json } = await add(container);
      assert.equal(code, 422, JSON.stringify(container));
      assert.match(json.message, why);
    }
    const removed = await api.call('PATCH', path, {
      body: { spec: { ephemeralContainers: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    assert.match(removed.json.message, /"debug" may not be removed/);
    const created = await api.call('POST', '/api/v1/namespaces/default/pods', {
      body: { metadata: { name: 'new' }, spec: { containers: [], ephemeralContainers: [{ name: 'x', image: 'a' }] } },
    });
    assert.match(created.json.message, /ephemeralContainers: Forbidden: cannot be set on create/);
  });
});
