import assert from 'node:assert/strict';
import { hasReason } from '../../shared/errors.ts';
import { matchesFields, parseFieldSelector } from '../../shared/objects/field-selector.ts';
import { findKind, type ResourceInfo } from '../../shared/objects/resources.ts';
import { aNode, aPod } from '../objects.ts';

function kind(apiVersion: string, name: string): ResourceInfo {
  const info = findKind(apiVersion, name);
  assert.ok(info);
  return info;
}

describe('field selector', () => {
  const pods = kind('v1', 'Pod');

  it('selects pods by node, phase and name', () => {
    const pod = aPod({ name: 'web-1', nodeName: 'node-1' });
    const matches = (text: string): boolean => matchesFields(pods, parseFieldSelector(text, pods), pod);
    assert.ok(matches(''));
    assert.ok(matches('metadata.name=web-1,metadata.namespace==default'));
    assert.ok(matches('spec.nodeName=node-1,status.phase!=Succeeded,status.phase!=Failed'));
    assert.ok(matches('status.podIP='));
    assert.ok(!matches('spec.nodeName='));
    assert.ok(!matches('status.phase=Running'));
  });

  it('counts an absent boolean as false', () => {
    const nodes = kind('v1', 'Node');
    assert.ok(matchesFields(nodes, parseFieldSelector('spec.unschedulable=false', nodes), aNode()));
  });

  it('understands escaped commas and equal signs', () => {
    const [term] = parseFieldSelector('metadata.name=a\\,b\\=c', pods);
    assert.deepEqual(term, { field: 'metadata.name', operator: '=', value: 'a,b=c' });
  });

  it('refuses unknown fields and broken terms', () => {
    for (const text of [
      'spec.foo=1',
      'constructor=1',
      'spec.nodeName',
      '=x',
      'metadata.name=a=b',
      'metadata.name=\\x',
    ]) {
      assert.throws(
        () => parseFieldSelector(text, pods),
        (error) => hasReason(error, 'BadRequest'),
        text,
      );
    }
  });

  it('selects what each kind offers', () => {
    const involvedObject = { kind: 'Pod', namespace: 'n', name: 'p', uid: 'u', apiVersion: 'v1', fieldPath: 'f' };
    const event = { involvedObject, reason: 'R', type: 'Normal', reportingComponent: 'c' };
    const selected: [string, string, object, string][] = [
      ['v1', 'Event', event, 'involvedObject.kind=Pod,involvedObject.namespace=n,involvedObject.name=p'],
      ['v1', 'Event', event, 'involvedObject.uid=u,involvedObject.apiVersion=v1,involvedObject.fieldPath=f'],
      ['v1', 'Event', event, 'involvedObject.resourceVersion=,reason=R,type=Normal,source=c,reportingComponent=c'],
      ['v1', 'Event', { ...event, source: { component: 's' } }, 'source=s'],
      ['v1', 'Secret', { type: 'Opaque' }, 'type=Opaque,metadata.name=x'],
      ['v1', 'Namespace', { status: { phase: 'Active' } }, 'status.phase=Active'],
      ['v1', 'Service', { spec: { clusterIP: 'None', type: 'ClusterIP' } }, 'spec.clusterIP=None,spec.type=ClusterIP'],
      ['v1', 'ReplicationController', {}, 'status.replicas=0'],
      ['apps/v1', 'ReplicaSet', { status: { replicas: 2 } }, 'status.replicas=2'],
      ['batch/v1', 'Job', { status: { succeeded: 1 } }, 'status.successful=1,status.successful!=0'],
      ['apps/v1', 'Deployment', {}, 'metadata.name=x,metadata.namespace=n'],
    ];
    for (const [apiVersion, name, object, text] of selected) {
      const info = kind(apiVersion, name);
      const whole = { apiVersion, kind: name, metadata: { name: 'x', namespace: 'n' }, ...object };
      assert.ok(matchesFields(info, parseFieldSelector(text, info), whole), `${name}: ${text}`);
    }
  });

  it('refuses what a kind does not offer in the words that Kubernetes has for it', () => {
    const refused: [string, string, string, string][] = [
      ['v1', 'Pod', 'spec.foo', 'field label not supported: spec.foo'],
      ['batch/v1', 'Job', 'status.failed', 'field label "status.failed" not supported for batchv1.Job'],
      ['v1', 'ConfigMap', 'data', '"data" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ];
    for (const [apiVersion, name, field, message] of refused) {
      assert.throws(() => parseFieldSelector(`${field}=1`, kind(apiVersion, name)), { message });
    }
  });
});
