import assert from 'node:assert/strict';
import { ApiHarness, type Json } from './harness.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';
import { WatchReader } from './watch-reader.ts';

const autoscaler = {
  apiVersion: 'autoscaling/v1',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    maxReplicas: 4,
    targetCPUUtilizationPercentage: 80,
  },
};
const event = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'web.1', namespace: 'default' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'example.com/checker',
  reportingInstance: 'checker-1',
  action: 'Checked',
  reason: 'Odd',
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' },
  note: 'looks odd',
  type: 'Warning',
};
const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
const v2 = v1.replace('/v1/', '/v2/');
const events = '/apis/events.k8s.io/v1/namespaces/default/events';
const coreEvents = '/api/v1/namespaces/default/events';
const patch = (type: string): Record<string, string> => ({ 'content-type': `application/${type}` });

describe('several versions of a resource', function () {
  this.timeout(60_000);
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
  });
  afterEach(() => api.stop());

  it('write and read one object in each of them', async () => {
    const made = await api.call('POST', v1, { body: autoscaler });
    assert.equal(made.code, 201, made.text);
    assert.equal(made.json.apiVersion, 'autoscaling/v1');
    assert.equal(made.json.spec.targetCPUUtilizationPercentage, 80);
    const other: Json = (await api.call('GET', `${v2}/web`)).json;
    assert.equal(other.apiVersion, 'autoscaling/v2');
    assert.equal(other.spec.metrics[0].resource.target.averageUtilization, 80);
    assert.equal(other.metadata.uid, made.json.metadata.uid);
    const list: Json = (await api.call('GET', v1)).json;
    assert.deepEqual(
      [list.kind, list.apiVersion, list.items[0].apiVersion],
      ['HorizontalPodAutoscalerList', 'autoscaling/v1', 'autoscaling/v1'],
    );
    const put = await api.call('PUT', `${v1}/web`, {
      body: { ...made.json, spec: { ...autoscaler.spec, maxReplicas: 6 } },
    });
    assert.equal(put.json.spec.maxReplicas, 6, put.text);
    const refused = await api.call('POST', v1, { body: { ...autoscaler, apiVersion: 'autoscaling/v2' } });
    assert.equal(refused.code, 400);
  });

  it('take patches in the words of the version', async () => {
    await api.call('POST', v1, { body: autoscaler });
    const path = `${v1}/web?fieldManager=test`;
    const merged = await api.call('PATCH', path, {
      headers: patch('merge-patch+json'),
      body: { spec: { targetCPUUtilizationPercentage: 50 } },
    });
    assert.equal(merged.json.spec.targetCPUUtilizationPercentage, 50, merged.text);
    const patched = await api.call('PATCH', path, {
      headers: patch('json-patch+json'),
      body: [{ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 40 }],
    });
    assert.equal(patched.json.spec.targetCPUUtilizationPercentage, 40, patched.text);
    const applied = await api.call('PATCH', `${path}&force=true`, {
      headers: patch('apply-patch+yaml'),
      body: { ...autoscaler, spec: { ...autoscaler.spec, targetCPUUtilizationPercentage: 30 } },
    });
    assert.equal(applied.json.spec.targetCPUUtilizationPercentage, 30, applied.text);
    const stored: Json = (await api.call('GET', `${v2}/web`)).json;
    assert.equal(stored.spec.metrics.length, 1);
    assert.equal(stored.spec.metrics[0].resource.target.averageUtilization, 30);
    const unknown = await api.call('PATCH', `${path}&fieldValidation=Strict`, {
      headers: patch('merge-patch+json'),
      body: { spec: { metrics: [] } },
    });
    assert.match(unknown.json.message, /unknown field "spec.metrics"/);
  });

  it('apply makes an object that is not there', async () => {
    const applied = await api.call('PATCH', `${events}/web.1?fieldManager=test`, {
      headers: patch('apply-patch+yaml'),
      body: event,
    });
    assert.equal(applied.code, 201, applied.text);
    assert.equal(applied.json.note, 'looks odd');
    const again = await api.call('PATCH', `${events}/web.1?fieldManager=test`, {
      headers: patch('apply-patch+yaml'),
      body: event,
    });
    assert.deepEqual([again.code, again.json.metadata.resourceVersion], [200, applied.json.metadata.resourceVersion]);
  });

  it('select and watch by the fields of the version', async () => {
    await api.call('POST', events, { body: event });
    const core: Json = (await api.call('GET', `${coreEvents}?fieldSelector=involvedObject.name%3Dweb`)).json;
    assert.equal(core.items[0].message, 'looks odd');
    assert.equal(core.items[0].reportingComponent, 'example.com/checker');
    const selected: Json = (await api.call('GET', `${events}?fieldSelector=regarding.name%3Dweb,reason%3DOdd`)).json;
    assert.equal(selected.items[0].note, 'looks odd');
    assert.equal((await api.call('GET', `${events}?fieldSelector=involvedObject.name%3Dweb`)).code, 400);
    const watch = await WatchReader.open(api, `${events}?watch=1&resourceVersion=0`);
    const { object } = await watch.next();
    assert.deepEqual([object.apiVersion, object.note], ['events.k8s.io/v1', 'looks odd']);
    watch.close();
  });

  it('are in every kind of discovery and in the OpenAPI documents', async () => {
    const group: Json = (await api.call('GET', '/apis/autoscaling')).json;
    assert.deepEqual(
      [group.preferredVersion.version, group.versions.map(({ version }: Json) => version)],
      ['v2', ['v2', 'v1']],
    );
    const list: Json = (await api.call('GET', '/apis/events.k8s.io/v1')).json;
    assert.deepEqual(
      list.resources.map(({ name, kind }: Json) => [name, kind]),
      [['events', 'Event']],
    );
    const document: Json = (await api.call('GET', '/openapi/v3/apis/autoscaling/v1')).json;
    assert.ok(document.components.schemas['io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec']);
  });

  it('are used by the real kubectl', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    await kubectl.ok('create deployment web --image=hello:1');
    assert.match(await kubectl.ok('autoscale deployment web --max=4 --cpu-percent=70'), /autoscaled/);
    assert.match(normalise(await kubectl.ok('get hpa web')), /web Deployment\/web cpu: <unknown>\/70% \S+ 4 0 AGE/);
    assert.match(
      normalise(await kubectl.ok('get horizontalpodautoscalers.v1.autoscaling web')),
      /web Deployment\/web cpu: <unknown>\/70%/,
    );
    assert.equal(
      await kubectl.ok(
        'get horizontalpodautoscalers.v1.autoscaling web -o jsonpath={.spec.targetCPUUtilizationPercentage}',
      ),
      '70',
    );
    const file = { stdin: JSON.stringify({ ...autoscaler, metadata: { name: 'other' } }) };
    assert.match(await kubectl.ok('apply -f -', file), /created/);
    assert.match(await kubectl.ok('apply -f -', file), /unchanged/);
    const more = { stdin: file.stdin.replace('80', '60') };
    assert.match(await kubectl.ok('apply -f -', more), /configured/);
    assert.match(await kubectl.ok('apply --server-side --force-conflicts -f -', more), /serverside-applied/);
    assert.equal(
      await kubectl.ok('get hpa other -o jsonpath={.spec.metrics[*].resource.target.averageUtilization}'),
      '60',
    );
    assert.match(
      await kubectl.ok('explain hpa.spec.targetCPUUtilizationPercentage --api-version=autoscaling/v1'),
      /<integer>/,
    );
    assert.match(await kubectl.ok('create -f -', { stdin: JSON.stringify(event) }), /created/);
    assert.match(normalise(await kubectl.ok('get events.events.k8s.io')), /Warning Odd pod\/web looks odd/);
    assert.match(normalise(await kubectl.ok('get events')), /Warning Odd pod\/web looks odd/);
    assert.match(normalise(await kubectl.ok('events')), /Warning Odd Pod\/web looks odd/);
    assert.match(await kubectl.ok('describe hpa web'), /resource cpu on pods/);
    assert.match(await kubectl.ok('delete events.events.k8s.io web.1'), /deleted/);
  });
});
