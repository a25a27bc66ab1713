import assert from 'node:assert/strict';
import { resourceName } from '../../shared/objects/resources.ts';
import { ApiHarness, type Json } from '../api/harness.ts';
import { everyKind } from './every-kind.ts';

/** What Kubernetes always sends in the status of a kind: typed clients read it, and refuse an object without the counts. */
const always: Readonly<Record<string, readonly string[]>> = {
  services: ['loadBalancer'],
  replicationcontrollers: ['replicas'],
  'replicasets.apps': ['replicas'],
  'statefulsets.apps': ['replicas', 'availableReplicas'],
  'daemonsets.apps': ['currentNumberScheduled', 'desiredNumberScheduled', 'numberMisscheduled', 'numberReady'],
  'horizontalpodautoscalers.autoscaling': ['desiredReplicas'],
  'poddisruptionbudgets.policy': ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
  'ingresses.networking.k8s.io': ['loadBalancer'],
};

describe('contract: the status of a new object', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  for (const { info, collection, object, status } of everyKind()) {
    if (!info.subresources.includes('status')) continue;
    const fields = always[resourceName(info)] ?? [];
    const path = `${collection}/fresh`;
    const holds = (answer: Json): void => {
      assert.equal(typeof answer.status, 'object', `${info.kind} without a status`);
      for (const field of fields) assert.ok(field in answer.status, `${info.kind} without status.${field}`);
    };

    it(`${resourceName(info)}: is there in the first answer, and is nobody's`, async () => {
      const { code, json, text } = await api.call('POST', collection, { body: object('fresh') });
      assert.equal(code, 201, text);
      holds(json);
      for (const { fieldsV1 } of json.metadata.managedFields ?? []) assert.equal(fieldsV1['f:status'], undefined);
    });

    it(`${resourceName(info)}: is whole after somebody wrote a part of it, or all but it`, async () => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      const body = { status: { ...status, ...Object.fromEntries(fields.map((field) => [field, null])) } };
      const written = await api.call('PATCH', `${path}/status`, { body, headers });
      assert.equal(written.code, 200, written.text);
      holds(written.json);
      const labelled = { metadata: { labels: { a: 'b' } }, status: null };
      holds((await api.call('PATCH', path, { body: labelled, headers })).json);
    });
  }

  it('has both counts of an autoscaler in its older version', async () => {
    const { json } = await api.call('GET', '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/fresh');
    assert.deepEqual(
      Object.keys(json.status).filter((field) => field.endsWith('Replicas')),
      ['currentReplicas', 'desiredReplicas'],
    );
  });
});
