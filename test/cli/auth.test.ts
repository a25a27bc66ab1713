import assert from 'node:assert/strict';
import type { KubeObject } from '../../shared/objects/types.ts';
import { ApiHarness } from '../api/harness.ts';
import { CommandLine } from './control-plane.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const reader = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'], verbs: ['get'] },
];

describe('berth auth', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let line: CommandLine;

  before(async () => {
    api = await ApiHarness.start();
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
    const metadata = { name: 'reader', namespace: 'default' };
    const role = { apiVersion, kind: 'Role', metadata, rules: reader };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    const subjects = [{ kind: 'Group', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' }];
    await api.store.create('roles.rbac.authorization.k8s.io', role as KubeObject);
    const binding = { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects };
    await api.store.create('rolebindings.rbac.authorization.k8s.io', binding as KubeObject);
  });
  after(() => api?.stop());

  /** Exit code and first word of the answer. */
  async function ask(words: string): Promise<[number, string]> {
    const { code, stdout, stderr } = await line.berth(`auth can-i ${words}`);
    assert.equal(stderr, '');
    return [code, stdout.trimEnd()];
  }

  it('says yes or no, for oneself and for others, and ends with 1 for no', async () => {
    const bob = '--as bob --as-group readers';
    const answers = await Promise.all([
      ask('delete nodes'),
      ask('* *'),
      ask(`get pods ${bob}`),
      ask('get po --as bob'),
      ask(`get pods --subresource=log ${bob}`),
      ask(`get pods -n kube-system ${bob}`),
      ask(`list pods -A ${bob}`),
      ask(`get deployments.apps/web ${bob}`),
      ask(`get deploy/api ${bob}`),
      ask(`get /metrics ${bob}`),
      ask(`get pods -q ${bob}`),
    ]);
    const told = answers.map(([code, text]) => `${code} ${text}`.trim());
    const [yes, no] = ['0 yes', '1 no'];
    assert.deepEqual(told, [yes, yes, yes, no, no, no, no, yes, no, no, '0']);
  });

  it('warns of types that the server does not have', async () => {
    const { code, stdout, stderr } = await line.berth('auth can-i get widgets.example.com');
    assert.deepEqual([code, stdout], [0, 'yes\n']);
    assert.equal(stderr, "Warning: the server doesn't have a resource type 'widgets.example.com'\n");
    assert.match(await line.fails('auth can-i get', 2), /name a verb and a type, or use --list/);
  });

  it('lists what is allowed', async () => {
    const list = await line.ok('auth can-i --list --as bob --as-group readers');
    assert.match(list, /^Resources +Non-Resource URLs +Resource Names +Verbs\n/);
    assert.match(list, /\npods +\[\] +\[\] +\[get list\]\n/);
    assert.match(list, /\ndeployments\.apps +\[\] +\[web\] +\[get\]\n/);
    assert.match(list, /\n +\[\/version\] +\[\] +\[get\]/);
  });

  it('tells who one is, and acts as somebody else with any command', async () => {
    assert.match(await line.ok('auth whoami'), /^ATTRIBUTE +VALUE\nUsername +admin\nGroups +\[system:masters /);
    const path = '{.status.userInfo.groups}';
    const groups = await line.ok(['--as=bob', 'auth', 'whoami', '--as-group=x', '-o', `jsonpath=${path}`]);
    assert.match(groups, /"x"/);
    assert.match(
      await line.fails('get nodes --as bob', 1),
      /nodes is forbidden: User "bob" cannot list resource "nodes"/,
    );
    assert.match(await line.fails('get nodes --as-group x', 2), /--as-group and --as-uid go with --as/);
  });
});
