import assert from 'node:assert/strict';
import { ControlPlane } from '../cli/control-plane.ts';
import { until } from '../support/until.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';

const controller = `
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "hello:1"}]}
`;

describe('the real kubectl on a whole control plane', function () {
  this.timeout(60_000);
  let plane: ControlPlane;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    plane = await ControlPlane.start();
    kubectl = await Kubectl.for({ directory: plane.directory, kubeconfig: async () => plane.kubeconfig });
  });
  after(() => plane?.stop());

  const controllers = async (): Promise<string> => normalise(await kubectl.ok('get rc --no-headers'));

  it('runs, scales and describes a ReplicationController', async () => {
    const applied = await kubectl.run(['apply', '-f', '-'], { stdin: controller });
    assert.deepEqual([applied.stdout, applied.stderr], ['replicationcontroller/web created\n', '']);
    await until(async () => (await controllers()).startsWith('web 2 2 0 '), 'two pods');
    assert.match(normalise(await kubectl.ok('get all')), /replicationcontroller\/web 2 2 0 AGE/);
    assert.equal(
      await kubectl.ok('scale rc web --replicas=1 --current-replicas=2'),
      'replicationcontroller/web scaled',
    );
    assert.equal(
      await kubectl
        .ok('get --raw /api/v1/namespaces/default/replicationcontrollers/web/scale')
        .then((text) => (JSON.parse(text) as { status: { selector: string } }).status.selector),
      'app=web',
    );
    await until(async () => (await controllers()).startsWith('web 1 1 0 '), 'one pod');
    assert.match(await kubectl.ok('describe rc web'), /Replicas: +1 current \/ 1 desired[\s\S]*SuccessfulCreate/);
    assert.match(await plane.ok('describe rc web'), /1 current \/ 1 desired/);
    assert.match(await kubectl.ok('delete rc web'), /deleted/);
  });

  it('has what programs in pods look for: the API as a Service, and the authority in every namespace', async () => {
    await until(async () => (await kubectl.run(['get', 'svc', 'kubernetes'])).code === 0, 'the Service');
    assert.match(
      normalise(await kubectl.ok('get svc kubernetes --no-headers')),
      /^kubernetes ClusterIP 10\.96\.0\.1 <none> 443\/TCP AGE$/,
    );
    const [, port = ''] =
      /:(\d+)$/.exec(await kubectl.ok('config view -o jsonpath={.clusters[0].cluster.server}')) ?? [];
    assert.match(
      normalise(await kubectl.ok('get endpoints kubernetes --no-headers')),
      new RegExp(`127\\.0\\.0\\.1:${port} `),
    );
    assert.match(
      normalise(await kubectl.ok('get endpointslices kubernetes --no-headers')),
      new RegExp(`^kubernetes IPv4 ${port} 127\\.0\\.0\\.1 `),
    );
    assert.match(await kubectl.ok('describe svc kubernetes'), /Endpoints: +127\.0\.0\.1:\d+/);

    await kubectl.ok('create namespace team');
    const authority = 'get cm kube-root-ca.crt -n team -o jsonpath={.data.ca\\.crt}';
    await until(async () => (await kubectl.ok(authority)).startsWith('-----BEGIN CERTIFICATE-----'), 'the authority');
    const before = await kubectl.ok(authority);
    await kubectl.ok(`patch cm kube-root-ca.crt -n team --type=merge -p {"data":{"ca.crt":"x","y":"z"}}`);
    await until(async () => (await kubectl.ok(authority)) === before, 'the authority again');
    await kubectl.ok('delete cm kube-root-ca.crt -n team');
    await until(async () => (await kubectl.ok(authority)) === before, 'a new one');
    await kubectl.ok('delete svc,endpoints kubernetes');
    await until(async () => (await kubectl.run(['get', 'svc,endpoints', 'kubernetes'])).code === 0, 'both again');
    assert.match(await kubectl.ok('delete namespace team --timeout=30s'), /deleted/);
  });
});
