import assert from 'node:assert/strict';
import { applyDefaults } from '../../shared/objects/defaults.ts';
import { isExtendedResource } from '../../shared/objects/extended-resources.ts';
import { findResource } from '../../shared/objects/resources.ts';
import { aNode } from '../objects.ts';

describe('extended resources of a node', () => {
  const allocatable = (capacity: Record<string, string>, before: Record<string, string>): unknown => {
    const info = findResource('nodes');
    assert.ok(info);
    const node = { ...aNode(), status: { capacity, allocatable: before } };
    return applyDefaults(info, node).status.allocatable;
  };

  it('are pods to have, as much as there is, as soon as users have written them', () => {
    assert.deepEqual(allocatable({ cpu: '4', 'example.com/gpu': '2' }, { cpu: '3' }), {
      cpu: '3',
      'example.com/gpu': '2',
    });
    assert.deepEqual(allocatable({ 'example.com/gpu': '5' }, { 'example.com/gpu': '2' }), { 'example.com/gpu': '5' });
    assert.deepEqual(allocatable({ cpu: '4' }, { cpu: '3', 'example.com/gpu': '2' }), { cpu: '3' });
  });

  it('are those with a domain that is not of Kubernetes', () => {
    const names = ['cpu', 'memory', 'hugepages-2Mi', 'kubernetes.io/x', 'a.kubernetes.io/x', 'example.com/x'];
    assert.deepEqual(names.filter(isExtendedResource), ['example.com/x']);
  });
});
