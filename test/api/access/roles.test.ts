import assert from 'node:assert/strict';
import { ApiHarness, type Answer } from '../harness.ts';
import { Kubectl, needsKubectl } from '../kubectl.ts';
import { limitedKubeconfig } from './limited-user.ts';

const guest = { token: 'guest-token' };
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';

/** Every test has a server of its own: what one grants must not help another. */
describe('roles', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  beforeEach(async () => {
    api = await ApiHarness.start();
  });
  afterEach(() => api?.stop());

  const ok = async (method: string, path: string, options = {}): Promise<Answer> => {
    const answer = await api.call(method, path, options);
    assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
    return answer;
  };
  const grant = async (namespace: string, rules: object[], name = 'guests'): Promise<void> => {
    await ok('POST', `${rbac}/namespaces/${namespace}/roles`, { body: { metadata: { name }, rules } });
    await bind(namespace, 'Role', name);
  };
  const bind = (namespace: string, kind: string, name: string): Promise<Answer> =>
    ok('POST', `${rbac}/namespaces/${namespace}/rolebindings`, {
      body: {
        metadata: { name },
        subjects: [{ kind: 'User', apiGroup, name: 'guest' }],
        roleRef: { apiGroup, kind, name },
      },
    });
  const codeOf = async (method: string, path: string, options = {}): Promise<number> =>
    (await api.call(method, path, { ...guest, ...options })).code;

  it('decide in their namespace, from the next request on until they go', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    assert.equal(await codeOf('GET', pods), 403);
    await grant('default', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }]);
    assert.equal(await codeOf('GET', pods), 200);
    assert.equal(await codeOf('GET', '/api/v1/namespaces/kube-system/pods'), 403);
    assert.equal(await codeOf('GET', '/api/v1/pods'), 403);
    assert.equal(await codeOf('GET', `${pods}?watch=1`), 403);
    await ok('DELETE', `${rbac}/namespaces/default/roles/guests`);
    assert.equal(await codeOf('GET', pods), 403);
  });

  it('refuse in the words of Kubernetes', async () => {
    const cases: [string, string, string][] = [
      [
        'GET',
        '/api/v1/namespaces/default/pods',
        'pods is forbidden: User "guest" cannot list resource "pods" in API group "" in the namespace "default"',
      ],
      [
        'GET',
        '/apis/apps/v1/namespaces/default/deployments/web',
        'deployments.apps "web" is forbidden: User "guest" cannot get resource "deployments" in API group "apps" in the namespace "default"',
      ],
      [
        'GET',
        '/api/v1/namespaces/default/pods/web/log',
        'pods "web" is forbidden: User "guest" cannot get resource "pods/log" in API group "" in the namespace "default"',
      ],
      [
        'POST',
        '/api/v1/namespaces/default/pods/web/exec',
        'pods "web" is forbidden: User "guest" cannot create resource "pods/exec" in API group "" in the namespace "default"',
      ],
      [
        'DELETE',
        '/api/v1/namespaces/default/pods',
        'pods is forbidden: User "guest" cannot deletecollection resource "pods" in API group "" in the namespace "default"',
      ],
      [
        'GET',
        '/api/v1/nodes',
        'nodes is forbidden: User "guest" cannot list resource "nodes" in API group "" at the cluster scope',
      ],
      [
        'GET',
        '/api/v1/namespaces/default',
        'namespaces "default" is forbidden: User "guest" cannot get resource "namespaces" in API group "" in the namespace "default"',
      ],
      ['GET', '/berth/v1/tokens', 'forbidden: User "guest" cannot get path "/berth/v1/tokens"'],
    ];
    for (const [method, path, message] of cases) {
      const { code, json } = await api.call(method, path, guest);
      assert.deepEqual([code, json.reason, json.message], [403, 'Forbidden', message]);
    }
  });

  it('take a list or watch of one name for that name', async () => {
    await grant('default', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] }]);
    assert.equal(await codeOf('GET', '/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dweb'), 200);
    assert.equal(await codeOf('GET', '/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Ddb'), 403);
    assert.equal(await codeOf('GET', '/api/v1/namespaces/default/pods?fieldSelector=metadata.name!%3Dweb'), 403);
  });

  it('let apply create only with the right to create', async () => {
    await grant('default', [{ verbs: ['patch'], apiGroups: [''], resources: ['configmaps'] }]);
    const path = '/api/v1/namespaces/default/configmaps/conf?fieldManager=t';
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { a: 'b' } };
    const apply = { body, headers: { 'content-type': 'application/apply-patch+yaml' } };
    assert.equal(await codeOf('PATCH', path, apply), 403);
    await ok('PATCH', path, apply);
    assert.equal(await codeOf('PATCH', path, apply), 200);
  });

  it('cannot be used to give more than one has', async () => {
    await bind('default', 'ClusterRole', 'admin');
    const roles = `${rbac}/namespaces/default/roles`;
    const bindings = `${rbac}/namespaces/default/rolebindings`;
    const role = (name: string, rules: object[]): object => ({ body: { metadata: { name }, rules } });
    const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
    const readNodes = { verbs: ['get'], apiGroups: [''], resources: ['nodes', 'pods'] };
    assert.equal(await codeOf('POST', roles, role('small', [readPods])), 201);
    const { code, json } = await api.call('POST', roles, { ...guest, ...role('big', [readNodes]) });
    assert.equal(code, 403);
    assert.equal(
      json.message,
      'roles.rbac.authorization.k8s.io "big" is forbidden: user "guest" (groups=["guests" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    const update = { ...role('small', [readNodes]) };
    assert.equal(await codeOf('PUT', `${roles}/small`, update), 403);
    const merge = { body: { rules: [readNodes] }, headers: { 'content-type': 'application/merge-patch+json' } };
    assert.equal(await codeOf('PATCH', `${roles}/small`, merge), 403);
    const bindTo = (kind: string, name: string): object => ({
      body: {
        metadata: { name: `to-${name}` },
        subjects: [{ kind: 'User', apiGroup, name: 'bob' }],
        roleRef: { apiGroup, kind, name },
      },
    });
    assert.equal(await codeOf('POST', bindings, bindTo('ClusterRole', 'cluster-admin')), 403);
    assert.equal(await codeOf('POST', bindings, bindTo('ClusterRole', 'view')), 201);
    assert.equal(await codeOf('POST', bindings, bindTo('Role', 'small')), 201);
    assert.equal(await codeOf('POST', bindings, bindTo('Role', 'absent')), 404);
    const label = { body: { metadata: { labels: { a: 'b' } } }, headers: merge.headers };
    await ok('POST', roles, role('big', [readNodes]));
    assert.equal(await codeOf('PATCH', `${roles}/big`, label), 200);
  });

  it('may be given by those who may escalate or bind', async () => {
    await grant('default', [
      { verbs: ['create', 'escalate'], apiGroups: [apiGroup], resources: ['roles'] },
      { verbs: ['create'], apiGroups: [apiGroup], resources: ['rolebindings'] },
      { verbs: ['bind'], apiGroups: [apiGroup], resources: ['clusterroles'], resourceNames: ['edit'] },
    ]);
    const body = { metadata: { name: 'big' }, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] };
    assert.equal(await codeOf('POST', `${rbac}/namespaces/default/roles`, { body }), 201);
    const to = (name: string): object => ({ metadata: { name }, roleRef: { apiGroup, kind: 'ClusterRole', name } });
    assert.equal(await codeOf('POST', `${rbac}/namespaces/default/rolebindings`, { body: to('edit') }), 201);
    assert.equal(await codeOf('POST', `${rbac}/namespaces/default/rolebindings`, { body: to('admin') }), 403);
  });

  it('let users act as others when they may impersonate them', async () => {
    const impersonate = (resource: string, name: string, group = ''): object => ({
      verbs: ['impersonate'],
      apiGroups: [group],
      resources: [resource],
      resourceNames: [name],
    });
    const clusterRole = {
      metadata: { name: 'actor' },
      rules: [impersonate('users', 'ann'), impersonate('groups', 'dev')],
    };
    await ok('POST', `${rbac}/clusterroles`, { body: clusterRole });
    await ok('POST', `${rbac}/clusterrolebindings`, {
      body: {
        metadata: { name: 'actor' },
        subjects: [{ kind: 'User', apiGroup, name: 'guest' }],
        roleRef: { apiGroup, kind: 'ClusterRole', name: 'actor' },
      },
    });
    const as = (headers: object): Promise<Answer> =>
      api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        ...guest,
        body: {},
        headers: headers as Record<string, string>,
      });
    const ann = await as({ 'Impersonate-User': 'ann', 'Impersonate-Group': 'dev' });
    assert.deepEqual(ann.json.status.userInfo, { username: 'ann', groups: ['dev', 'system:authenticated'] });
    const bob = await as({ 'Impersonate-User': 'bob' });
    assert.equal(
      bob.json.message,
      'users "bob" is forbidden: User "guest" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    assert.equal((await as({ 'Impersonate-User': 'ann', 'Impersonate-Group': 'system:masters' })).code, 403);
    assert.equal((await as({ 'Impersonate-User': 'ann', 'Impersonate-Uid': '1' })).code, 403);
    assert.equal((await as({ 'Impersonate-User': 'ann', 'Impersonate-Extra-Scopes': 'x' })).code, 403);
    assert.equal((await as({ 'Impersonate-Group': 'dev' })).code, 400);
    assert.equal((await as({ 'Impersonate-User': 'system:serviceaccount:default:default' })).code, 403);
  });

  it('serve kubectl with the rights of a namespace only', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    await kubectl.ok('create rolebinding guest-edits --clusterrole=edit --user=guest');
    await kubectl.ok('create clusterrole node-reader --verb=get,list --resource=nodes');
    await kubectl.ok('create clusterrolebinding guest-nodes --clusterrole=node-reader --group=guests');
    const env = { KUBECONFIG: await limitedKubeconfig(api, 'guest-token') };
    assert.equal(await kubectl.ok('create deployment web --image=web:1', { env }), 'deployment.apps/web created');
    assert.match(await kubectl.ok('scale deployment web --replicas=3', { env }), /scaled/);
    assert.match(await kubectl.ok('get nodes', { env }), /^$/);
    assert.equal(
      await kubectl.fails('get pods -n kube-system', { env }),
      'Error from server (Forbidden): pods is forbidden: User "guest" cannot list resource "pods" in API group "" in the namespace "kube-system"',
    );
    assert.match(await kubectl.fails('create role r --verb=get --resource=pods', { env }), /Forbidden/);
    const canI = async (line: string): Promise<string> =>
      (await kubectl.run(`auth can-i ${line}`.split(' '))).stdout.trim();
    assert.equal(await canI('delete deployments --as=guest'), 'yes');
    assert.equal(await canI('delete nodes --as=guest'), 'no');
    assert.equal(await canI('list nodes --as=guest'), 'no');
    assert.equal(await canI('list nodes --as=guest --as-group=guests'), 'yes');
    assert.match(await kubectl.ok('auth can-i --list --as=guest'), /pods\/exec +\[\] +\[\] +\[.*create/);
    assert.match(await kubectl.ok('describe clusterrole edit'), /PolicyRule:\n.*Resources/s);
    assert.match(
      await kubectl.ok('auth reconcile -f -', {
        stdin: `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: default}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
`,
      }),
      /role.rbac.authorization.k8s.io\/reader reconciled/,
    );
  });
});
