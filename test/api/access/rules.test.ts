import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Attributes } from '../../../controller/api/access/attributes.ts';
import { findUncovered } from '../../../controller/api/access/coverage.ts';
import { ruleAllows } from '../../../controller/api/access/rules.ts';
import type { PolicyRule } from '../../../shared/objects/types.ts';

const on = (verb: string, path: string, { group = '', name = '' } = {}): Attributes => {
  const [resource = '', subresource = ''] = path.split('/');
  return { verb, group, resource, subresource, namespace: 'default', name };
};
const rule = (verbs: string[], resources: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...more,
});

/** Few words, so that rules and questions meet often. */
const some = (...words: string[]): fc.Arbitrary<string[]> =>
  fc.subarray(words, { minLength: 1 }).chain((list) => fc.shuffledSubarray(list, { minLength: 1 }));
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record(
    {
      verbs: some('get', 'list', '*'),
      apiGroups: some('', 'apps', '*'),
      resources: some('pods', 'pods/log', '*/scale', 'deployments/scale', '*'),
      resourceNames: some('a', 'b'),
    },
    { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
  ),
  fc.record({ verbs: some('get', 'put', '*'), nonResourceURLs: some('/api', '/api/*', '/metrics', '*') }),
);
const anyAttributes: fc.Arbitrary<Attributes> = fc.oneof(
  fc.record({
    verb: fc.constantFrom('get', 'list', 'delete'),
    group: fc.constantFrom('', 'apps', 'batch'),
    resource: fc.constantFrom('pods', 'deployments', 'jobs'),
    subresource: fc.constantFrom('', 'log', 'scale'),
    namespace: fc.constantFrom('', 'default'),
    name: fc.constantFrom('', 'a', 'b', 'c'),
  }),
  fc.record({ verb: fc.constantFrom('get', 'put', 'delete'), path: fc.constantFrom('/api', '/api/v1', '/metrics') }),
);

describe('rules', () => {
  it('allow the verbs, groups and resources that they name', () => {
    const reader = rule(['get', 'list'], ['pods', 'pods/log']);
    assert.ok(ruleAllows(reader, on('get', 'pods')));
    assert.ok(ruleAllows(reader, on('get', 'pods/log')));
    assert.ok(!ruleAllows(reader, on('get', 'pods/exec')));
    assert.ok(!ruleAllows(reader, on('delete', 'pods')));
    assert.ok(!ruleAllows(reader, on('get', 'pods', { group: 'metrics.k8s.io' })));
    assert.ok(!ruleAllows(rule(['get'], ['pods/log']), on('get', 'pods')));
  });

  it('allow subresources of every resource, but not those resources', () => {
    const scaler = rule(['update'], ['*/scale'], { apiGroups: ['*'] });
    assert.ok(ruleAllows(scaler, on('update', 'deployments/scale', { group: 'apps' })));
    assert.ok(!ruleAllows(scaler, on('update', 'deployments', { group: 'apps' })));
    assert.ok(!ruleAllows(scaler, on('update', 'deployments/status', { group: 'apps' })));
    assert.ok(ruleAllows(rule(['*'], ['*']), on('anything', 'pods/exec')));
  });

  it('hold for single objects, and then not for collections', () => {
    const one = rule(['get', 'list', 'create'], ['secrets'], { resourceNames: ['key'] });
    assert.ok(ruleAllows(one, on('get', 'secrets', { name: 'key' })));
    assert.ok(!ruleAllows(one, on('get', 'secrets', { name: 'other' })));
    assert.ok(!ruleAllows(one, on('list', 'secrets')));
    assert.ok(!ruleAllows(one, on('create', 'secrets')));
  });

  it('allow paths and what is below them', () => {
    const paths: PolicyRule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] };
    const get = (path: string): boolean => ruleAllows(paths, { verb: 'get', path });
    assert.deepEqual(['/healthz', '/healthz/x', '/apis', '/apis/', '/apis/apps'].map(get), [
      true,
      false,
      false,
      true,
      true,
    ]);
    assert.ok(!ruleAllows(paths, { verb: 'post', path: '/healthz' }));
    assert.ok(!ruleAllows(rule(['*'], ['*'], { apiGroups: ['*'] }), { verb: 'get', path: '/healthz' }));
    assert.ok(!ruleAllows({ verbs: ['*'], nonResourceURLs: ['*'] }, on('get', 'pods')));
  });
});

describe('coverage of rules', () => {
  const uncovered = (owned: PolicyRule[], wanted: PolicyRule[]): unknown => findUncovered(owned, wanted);

  it('finds exactly the rights that are missing', () => {
    const owned = [rule(['get', 'list'], ['pods']), rule(['*'], ['secrets'], { resourceNames: ['key'] })];
    assert.deepEqual(uncovered(owned, [rule(['get'], ['pods'])]), []);
    assert.deepEqual(uncovered(owned, [rule(['get', 'delete'], ['pods'])]), [rule(['delete'], ['pods'])]);
    assert.deepEqual(uncovered(owned, [rule(['get'], ['secrets'])]), [rule(['get'], ['secrets'])]);
    assert.deepEqual(uncovered(owned, [rule(['get'], ['secrets'], { resourceNames: ['key'] })]), []);
    assert.deepEqual(uncovered(owned, [rule(['*'], ['pods'])]), [rule(['*'], ['pods'])]);
    assert.deepEqual(uncovered([rule(['get'], ['*/log'])], [rule(['get'], ['pods/log'])]), []);
  });

  it('gives up on roles beyond measure instead of on the server', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => String(index));
    assert.equal(uncovered([], [{ verbs: many, apiGroups: many, resources: many }]), 'too many');
  });

  it('holds every rule that it has itself', () => {
    fc.assert(fc.property(fc.array(anyRule), (rules) => assert.deepEqual(findUncovered(rules, rules), [])));
  });

  it('never calls covered what would allow more', () => {
    const rules = fc.array(anyRule, { maxLength: 4 });
    fc.assert(
      fc.property(rules, rules, anyAttributes, (owned, wanted, attributes) => {
        if (findUncovered(owned, wanted).length > 0) return;
        if (!wanted.some((each) => ruleAllows(each, attributes))) return;
        assert.ok(owned.some((each) => ruleAllows(each, attributes)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has nothing to add once what is missing is added', () => {
    const rules = fc.array(anyRule, { maxLength: 4 });
    fc.assert(
      fc.property(rules, rules, (owned, wanted) => {
        const missing = findUncovered(owned, wanted);
        assert.ok(missing !== 'too many');
        assert.deepEqual(findUncovered([...owned, ...missing], wanted), []);
      }),
    );
  });
});
