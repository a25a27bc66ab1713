import assert from 'node:assert/strict';
import { ControlPlane } from './control-plane.ts';

const monitor = `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {endpoints: [{port: metrics}]}
`;
const map = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {app: shop}${more}}\n`;

describe('berth apply and delete of what charts bring along', function () {
  this.timeout(120_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
  });

  after(async () => plane?.stop());

  it('leaves out objects of APIs that are not there, with a warning for each kind, and does the rest', async () => {
    const driver = 'apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: disk}\n';
    const file = await plane.file('chart.yaml', [monitor, map('web'), driver, monitor, monitor].join('---\n'));
    const why = [
      `Warning: ${file} document 1: ServiceMonitor "web" and 2 more are skipped: the server has no ServiceMonitor in monitoring.coreos.com/v1`,
      `Warning: ${file} document 3: CSIDriver "disk" is skipped: the server has no CSIDriver in storage.k8s.io/v1`,
    ];
    const applied = await plane.berth(['apply', '-f', file]);
    assert.deepEqual(applied, { code: 0, stdout: 'configmap/web created\n', stderr: `${why.join('\n')}\n` });
    const deleted = await plane.berth(['delete', '-f', file]);
    assert.deepEqual(deleted, { code: 0, stdout: 'configmap/web deleted\n', stderr: `${why.join('\n')}\n` });
  });

  /** What is written, and what the error proposes. */
  const misspelt: [string, string, RegExp][] = [
    ['apps/v1', 'Deploymnet', /no Deploymnet in apps\/v1; did you mean Deployment of apps\/v1\?$/],
    ['v1', 'Gadget', /: kind: the server has no Gadget in v1; berth api-resources lists what it has$/],
    ['v1', 'configmap', /did you mean ConfigMap of v1\?$/],
    ['app/v1', 'Deployment', /it has Deployment in apps\/v1$/],
    ['extensions/v1beta1', 'Ingress', /it has Ingress in networking\.k8s\.io\/v1$/],
    ['networking.k8s.oi/v1', 'Ingress', /it has Ingress in networking\.k8s\.io\/v1$/],
    ['policy/v1beta1', 'PodDisruptionBudget', /it has PodDisruptionBudget in policy\/v1$/],
  ];
  for (const [apiVersion, kind, proposal] of misspelt) {
    it(`refuses ${kind} of ${apiVersion}, and proposes what was meant`, async () => {
      const wrong = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\n`;
      const file = await plane.file('wrong.yaml', [monitor, map('web'), wrong].join('---\n'));
      const { code, stdout, stderr } = await plane.berth(['apply', '-f', file]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', proposal);
    });
  }

  it('takes custom resources for what they are, though Kubernetes has a kind of that name', async () => {
    const other = 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n';
    const { code, stderr } = await plane.berth('apply -f -', { stdin: other });
    assert.deepEqual([code, /Service "web" is skipped/.test(stderr)], [0, true], stderr);
  });

  it('makes the namespaces of a set first, and takes them for present in a dry run', async () => {
    const space = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;
    const file = await plane.file('own.yaml', [map('web', ', namespace: own'), map('db'), space('own')].join('---\n'));
    const lines = ['namespace/own created', 'configmap/web created', 'configmap/db created'];
    const dry = await plane.ok(['apply', '--dry-run=server', '-f', file]);
    assert.deepEqual(
      dry.split('\n'),
      lines.map((text) => `${text} (server dry run)`),
    );
    assert.match(await plane.fails('get namespace own', 1), /not found$/);
    const lost = await plane.file('lost.yaml', [map('a', ', namespace: lost'), map('b')].join('---\n'));
    const refused = await plane.berth(['apply', '-f', lost]);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /document 1: namespaces "lost" not found\n.*nothing was changed/);
    assert.equal(await plane.ok(['apply', '-f', file]), lines.join('\n'));
    const more = [map('web', ', namespace: again'), space('again')].join('---\n');
    assert.equal(await plane.ok('create -f -', { stdin: more }), 'namespace/again created\nconfigmap/web created');
    const alone = [map('web'), space('third')].join('---\n');
    assert.equal(
      await plane.ok('apply -n third -f -', { stdin: alone }),
      'namespace/third created\nconfigmap/web created',
    );
  });

  it('tells a warning of the server once, and at the end how often it came again', async () => {
    const policy = (name: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: {podSelector: {}}\n`;
    const { code, stderr } = await plane.berth('apply -f -', { stdin: ['a', 'b', 'c'].map(policy).join('---\n') });
    assert.equal(code, 0);
    assert.match(stderr, /^Warning: [^\n]+\nWarning: the same for 2 more objects\n$/);
  });

  it('takes the last of a key that stands twice, as kubectl does, with a warning', async () => {
    const twice = `${map('twice')}data:\n  k: one\n  "k": two\n`;
    const file = await plane.file('twice.yaml', `${map('web')}---\n${twice}`);
    for (const command of ['apply', 'replace', 'diff']) {
      const { code, stderr } = await plane.berth([command, '-f', file]);
      const warning = `Warning: ${file} document 2: line 10: data.k stands twice; the last one counts\n`;
      assert.deepEqual([code, stderr], [0, warning], command);
      assert.equal(await plane.ok("get configmap twice -o jsonpath='{.data.k}'"), 'two');
    }
    const json = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"k":"one","k":"three"}}';
    const { stderr } = await plane.berth('apply -f -', { stdin: json });
    assert.equal(stderr, 'Warning: standard input: line 1: data.k stands twice; the last one counts\n');
    assert.equal(await plane.ok("get configmap twice -o jsonpath='{.data.k}'"), 'three');
    await plane.ok('delete configmaps web db twice');
    await plane.ok('delete namespaces own again third');
  });

  it('applies a second version of a kind', async () => {
    const scaler =
      'apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n' +
      'spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n';
    const made = await plane.ok('apply -f -', { stdin: scaler });
    assert.equal(made, 'horizontalpodautoscaler.autoscaling/web created');
    assert.equal(await plane.ok('apply -f -', { stdin: scaler }), made.replace('created', 'unchanged'));
    assert.equal(await plane.ok('delete -f -', { stdin: scaler }), made.replace('created', 'deleted'));
  });

  it('prunes what has the labels and was applied, and is named no more', async () => {
    await plane.ok('apply -f -', { stdin: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n' });
    await plane.ok('apply -n other -f -', { stdin: map('elsewhere') });
    const role =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: shop, labels: {app: shop}}\n';
    await plane.ok('apply -f -', { stdin: [map('old'), map('kept'), role].join('---\n') });
    await plane.ok('apply -f -', { stdin: map('unlabelled').replace('app: shop', 'app: other') });
    const prune = ['apply', '-f', '-', '--prune', '-l', 'app=shop'];
    const stdin = [map('kept'), map('new'), map('chosen-not').replace('app: shop', 'app: other')].join('---\n');
    assert.equal(
      await plane.ok([...prune, '--dry-run=server'], { stdin }),
      [
        'configmap/kept unchanged (server dry run)',
        'configmap/new created (server dry run)',
        'configmap/old pruned (server dry run)',
        'clusterrole.rbac.authorization.k8s.io/shop pruned (server dry run)',
      ].join('\n'),
    );
    assert.equal(
      await plane.ok([...prune, '-n', 'default'], { stdin }),
      'configmap/kept unchanged\nconfigmap/new created\nconfigmap/old pruned',
    );
    assert.equal(
      await plane.ok(prune, { stdin }),
      'configmap/kept unchanged\nconfigmap/new unchanged\nclusterrole.rbac.authorization.k8s.io/shop pruned',
    );
    const left = await plane.ok('get configmaps -A -l app -o name');
    assert.equal(left, ['kept', 'new', 'unlabelled', 'elsewhere'].map((name) => `configmap/${name}`).join('\n'));
  });

  it('leaves what controllers have made, and prunes nothing when something could not be applied', async () => {
    const labels = { app: 'stack' };
    const deployment = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'stack', labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'stack:1' }] } },
      },
    });
    await plane.ok('apply -f -', { stdin: deployment });
    await plane.ok("wait deployment/stack --for=jsonpath='{.status.replicas}'=1 --timeout=20s");
    const prune = ['apply', '-f', '-', '--prune', '-l', 'app=stack'];
    assert.equal(await plane.ok(prune, { stdin: deployment }), 'deployment.apps/stack unchanged');
    const bad = map('Not_A_Name').replace('shop', 'stack');
    assert.equal((await plane.berth(prune, { stdin: bad })).code, 1);
    assert.equal(
      await plane.ok('get deploy,rs -l app=stack --no-headers -o name').then((text) => text.split('\n').length),
      2,
    );
  });

  it('says what to do instead of what it does not have', async () => {
    assert.match(await plane.fails('apply -f - --prune', 2, { stdin: map('a') }), /--prune needs the labels/);
    assert.match(await plane.fails('apply -k overlay', 2), /use kubectl kustomize overlay \| berth apply -f -$/);
    const overlay = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [web.yaml]\n';
    const file = await plane.file('kustomization.yaml', overlay);
    assert.match(await plane.fails(['apply', '-f', file], 2), /use kubectl kustomize .* \| berth apply -f -$/);
  });
});
