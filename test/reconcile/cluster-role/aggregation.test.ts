import assert from 'node:assert/strict';
import { aggregateRules, type ClusterRoleObject } from '../../../controller/reconcile/cluster-role/plan.ts';
import type { PolicyRule } from '../../../shared/objects/types.ts';
import { Cluster } from '../cluster.ts';

const resource = 'clusterroles.rbac.authorization.k8s.io';
const read = (name: string): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [name] });

function aRole(name: string, rules: PolicyRule[], labels: Record<string, string> = {}): ClusterRoleObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name, labels }, rules };
}

function aSum(name: string, label: string): ClusterRoleObject {
  const clusterRoleSelectors = [{ matchLabels: { [label]: 'yes' } }];
  return { ...aRole(name, []), aggregationRule: { clusterRoleSelectors } };
}

describe('aggregated ClusterRoles', () => {
  it('hold each rule of the roles they select once, and none of their own', () => {
    const sum = { ...aSum('sum', 'a'), rules: [read('own')], metadata: { name: 'sum', labels: { a: 'yes' } } };
    const all = [aRole('x', [read('pods')], { a: 'yes' }), aRole('y', [read('pods'), read('nodes')], { a: 'yes' })];
    assert.deepEqual(aggregateRules(sum, [...all, aRole('z', [read('secrets')]), sum]), [read('pods'), read('nodes')]);
    assert.deepEqual(aggregateRules({ ...sum, aggregationRule: {} }, all), []);
  });

  it('follow the roles they select, over several steps', async () => {
    const cluster = await Cluster.start(0);
    try {
      const { store } = cluster;
      const rulesOf = (name: string): unknown => store.get<ClusterRoleObject>(resource, '', name)?.rules;
      await store.create(resource, aSum('outer', 'outer'));
      await store.create(resource, {
        ...aSum('inner', 'inner'),
        metadata: { name: 'inner', labels: { outer: 'yes' } },
      });
      await store.create(resource, aRole('part', [read('pods')], { inner: 'yes' }));
      const holds = (expected: unknown): boolean => JSON.stringify(rulesOf('outer')) === JSON.stringify(expected);
      await cluster.until('the rule to arrive', () => holds([read('pods')]));
      await store.remove(resource, '', 'part');
      await cluster.until('the rule to go', () => holds([]));
    } finally {
      await cluster.stop();
    }
  });
});
