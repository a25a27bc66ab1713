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
    assert.match(await plane.ok('describe rc web'), /1 current, 1 desired/);
    assert.match(await kubectl.ok('delete rc web'), /deleted/);
  });
});
