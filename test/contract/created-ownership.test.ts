import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { everyKind } from './every-kind.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const applyType = { 'content-type': 'application/apply-patch+yaml' };

describe('contract: who owns what a new object brought', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  for (const { info, collection, object, name = 'owned' } of everyKind()) {
    it(`a ${info.kind} that kubectl has applied is taken over by another applier, twice`, async () => {
      const sent = object(name);
      const annotations = { [lastApplied]: `${JSON.stringify(sent)}\n` };
      const body = { ...sent, metadata: { ...sent.metadata, annotations } };
      const created = await api.call('POST', `${collection}?fieldManager=kubectl-client-side-apply`, { body });
      assert.equal(created.code, 201, created.text);
      const path = `${collection}/${name}`;
      const apply = async (): Promise<Json> => {
        const answer = await api.call('PATCH', `${path}?fieldManager=second&force=true`, {
          body: sent,
          headers: applyType,
        });
        assert.equal(answer.code, 200, answer.text);
        return answer.json;
      };
      await apply();
      // As kubectl does when it goes over from its own apply: all that was applied is the new manager's.
      const [brought] = created.json.metadata.managedFields;
      const value = [{ ...brought, manager: 'second', operation: 'Apply' }];
      const move = [{ op: 'replace', path: '/metadata/managedFields', value }];
      const moved = await api.call('PATCH', path, {
        body: move,
        headers: { 'content-type': 'application/json-patch+json' },
      });
      assert.equal(moved.code, 200, moved.text);
      const { spec } = await apply();
      assert.deepEqual(spec, created.json.spec);
    });
  }

  it('records what a pod or a job brought, and its defaults, but not what it was given besides', async () => {
    const fieldsOf = async (resource: string): Promise<Json> => {
      const kind = everyKind().find(({ info }) => info.plural === resource);
      assert.ok(kind);
      const { json } = await api.call('POST', `${kind.collection}?fieldManager=me`, { body: kind.object('brought') });
      return json.metadata.managedFields[0].fieldsV1['f:spec'];
    };
    const pod = await fieldsOf('pods');
    assert.ok('f:dnsPolicy' in pod && 'f:terminationGracePeriodSeconds' in pod);
    for (const given of [
      'volumes',
      'tolerations',
      'serviceAccountName',
      'serviceAccount',
      'priority',
      'preemptionPolicy',
    ]) {
      assert.ok(!(`f:${given}` in pod), given);
    }
    const job = await fieldsOf('jobs');
    assert.ok('f:backoffLimit' in job && !('f:selector' in job));
    assert.deepEqual(job['f:template']['f:metadata'], { 'f:labels': { 'f:app': {} } });
  });
});
