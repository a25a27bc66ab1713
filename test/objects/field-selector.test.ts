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
    assert.throws(() => parseFieldSelector('spec.nodeName=x', kind('v1', 'ConfigMap')), /field label not supported/);
  });
});
