import assert from 'node:assert/strict';
import { ApiHarness } from '../harness.ts';
import { Kubectl, needsKubectl } from '../kubectl.ts';
import { limitedKubeconfig } from './limited-user.ts';

const authorization = '/apis/authorization.k8s.io/v1';
const authentication = '/apis/authentication.k8s.io/v1';
const guest = { token: 'guest-token' };

describe('reviews', function () {
  this.timeout(60_000);
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
    const reader = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] };
    await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
      body: { metadata: { name: 'reader' }, rules: [reader] },
    });
    await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      body: {
        metadata: { name: 'readers' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'guests' }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      },
    });
  });
  after(() => api?.stop());

  it('come back with their answer and are kept nowhere', async () => {
    const before = api.store.version;
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
    const { code, json } = await api.call('POST', `${authorization}/selfsubjectaccessreviews`, {
      ...guest,
      body: { spec },
    });
    assert.equal(code, 201);
    assert.equal(json.kind, 'SelfSubjectAccessReview');
    assert.deepEqual(json.spec, spec);
    assert.deepEqual(json.status, {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/default" of Role "reader" to Group "guests"',
    });
    assert.equal(api.store.version, before);
  });

  it('tell of the rights of others to those who may ask', async () => {
    const ask = async (user: string, groups: string[], verb: string, options = {}): Promise<unknown> => {
      const resourceAttributes = { verb, resource: 'pods', subresource: 'log', namespace: 'default' };
      const body = { spec: { user, groups, resourceAttributes } };
      const { code, json } = await api.call('POST', `${authorization}/subjectaccessreviews`, { body, ...options });
      return code === 201 ? json.status.allowed : code;
    };
    assert.equal(await ask('ann', ['guests'], 'get'), true);
    assert.equal(await ask('ann', ['guests'], 'delete'), false);
    assert.equal(await ask('ann', [], 'get'), false);
    assert.equal(await ask('ann', ['system:masters'], 'anything'), true);
    assert.equal(await ask('ann', [], 'get', guest), 403);
  });

  it('say whose token it is', async () => {
    const ask = async (token: string): Promise<unknown> =>
      (await api.call('POST', `${authentication}/tokenreviews`, { body: { spec: { token } } })).json.status;
    assert.deepEqual(await ask('guest-token'), {
      authenticated: true,
      user: { username: 'guest', groups: ['guests', 'system:authenticated'] },
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
    assert.deepEqual(await ask('x'.repeat(60_000)), { user: {}, error: 'the token is not valid' });
  });

  it('are refused when they ask nothing, or two things, or of nobody', async () => {
    const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' };
    const nonResourceAttributes = { verb: 'get', path: '/x' };
    const wrong: [string, unknown, number][] = [
      [`${authorization}/selfsubjectaccessreviews`, {}, 422],
      [`${authorization}/selfsubjectaccessreviews`, { spec: {} }, 422],
      [`${authorization}/selfsubjectaccessreviews`, { spec: { resourceAttributes, nonResourceAttributes } }, 422],
      [`${authorization}/subjectaccessreviews`, { spec: { resourceAttributes } }, 422],
      [`${authorization}/namespaces/other/localsubjectaccessreviews`, { spec: { resourceAttributes, user: 'a' } }, 422],
      [
        `${authorization}/namespaces/default/localsubjectaccessreviews`,
        { spec: { nonResourceAttributes, user: 'a' } },
        422,
      ],
      [`${authorization}/selfsubjectrulesreviews`, { spec: {} }, 400],
      [`${authentication}/tokenreviews`, { spec: {} }, 422],
      [`${authorization}/selfsubjectaccessreviews`, { spec: 'x' }, 400],
      [`${authorization}/selfsubjectaccessreviews`, { kind: 'TokenReview' }, 400],
      [`${authorization}/localsubjectaccessreviews`, { spec: { resourceAttributes, user: 'a' } }, 405],
    ];
    for (const [path, body, expected] of wrong) {
      const { code, json } = await api.call('POST', path, { body });
      assert.equal(code, expected, `${path} ${JSON.stringify(body)} ${json.message}`);
      assert.equal(json.kind, 'Status');
    }
    assert.equal((await api.call('GET', `${authorization}/selfsubjectaccessreviews`)).code, 405);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const asTable = await api.call('POST', `${authentication}/selfsubjectreviews`, { body: {}, headers: { accept } });
    assert.equal(asTable.code, 406);
  });

  it('answer kubectl auth', async function () {
    needsKubectl(this);
    const admin = await Kubectl.for(api);
    const env = { KUBECONFIG: await limitedKubeconfig(api, 'guest-token') };
    assert.equal(await admin.ok('auth can-i delete nodes'), 'yes');
    assert.equal(await admin.ok('auth can-i get /anything'), 'yes');
    assert.equal(await admin.ok('auth can-i get pods', { env }), 'yes');
    assert.equal(await admin.ok('auth can-i get pods --subresource=log', { env }), 'yes');
    assert.equal((await admin.run(['auth', 'can-i', 'get', 'secrets'], { env })).stdout.trim(), 'no');
    assert.equal((await admin.run(['auth', 'can-i', 'get', 'pods', '-n', 'kube-system'], { env })).stdout.trim(), 'no');
    assert.match(await admin.ok('auth can-i --list', { env }), /pods\/log +\[\] +\[\] +\[get list\]/);
    const who = await admin.ok('auth whoami', { env });
    assert.match(who, /Username +guest\nGroups +\[guests system:authenticated\]/);
    const who2 = await admin.ok('auth whoami -o jsonpath={.status.userInfo.username}');
    assert.equal(who2, 'admin');
  });
});
