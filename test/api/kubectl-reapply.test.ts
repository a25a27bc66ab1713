import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl } from './kubectl.ts';

const deployment = (cpu: string, memory: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: "web:1", resources: {limits: {cpu: "${cpu}", memory: "${memory}"}}}
`;

const job = (spec: string): string => `
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec: {containers: [{name: main, image: "once:1"}], ${spec}}
`;

const service = (spec: string): string => `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ${spec}}
`;

describe('applying again, with the real kubectl', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  const apply = (stdin: string): Promise<string> => kubectl.ok('apply -f -', { stdin });
  const read = (what: string, field: string): Promise<string> => kubectl.ok(`get ${what} -o jsonpath={${field}}`);

  it('is unchanged when quantities are written as they are kept', async () => {
    const manifest = deployment('1500m', '128Mi');
    assert.equal(await apply(manifest), 'deployment.apps/web created');
    assert.equal(await apply(manifest), 'deployment.apps/web unchanged');
  });

  /** kubectl says `configured` for any difference in the text of a quantity, before the server sees it; Kubernetes has that too. */
  it('changes nothing when the same quantities are written in another way', async () => {
    await apply(deployment('1000m', '1024Mi'));
    const versions = (): Promise<string> => read('deployment web', '.metadata.resourceVersion}/{.metadata.generation');
    const before = await versions();
    assert.equal(
      await read('deployment web', '.spec.template.spec.containers[0].resources.limits'),
      '{"cpu":"1","memory":"1Gi"}',
    );
    assert.equal((await kubectl.run(['diff', '-f', '-'], { stdin: deployment('1000m', '1024Mi') })).code, 0);
    await apply(deployment('1000m', '1024Mi'));
    assert.equal(await versions(), before);
  });

  it('keeps the generated selector of a job', async () => {
    assert.equal(await apply(job('restartPolicy: Never')), 'job.batch/once created');
    assert.equal(await apply(job('restartPolicy: Never')), 'job.batch/once unchanged');
    const uid = await read('job once', '.metadata.uid');
    const key = '.spec.selector.matchLabels.batch\\.kubernetes\\.io/controller-uid';
    assert.equal(await read('job once', key), uid);
    const refused = await kubectl.fails('apply -f -', { stdin: job('restartPolicy: OnFailure') });
    assert.match(refused, /spec\.template: Invalid value: .*: field is immutable/);
    const endless = job('').replace('once}', 'endless}');
    const expected =
      'The Job "endless" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"';
    assert.equal(await kubectl.fails('apply -f -', { stdin: endless }), expected);
  });

  it('turns a Service from one type to another, and keeps its address when it is replaced', async () => {
    const inside = service('ports: [{port: 80}]');
    await apply(service('type: NodePort, ports: [{port: 80, nodePort: 30080}]'));
    const address = await read('service web', '.spec.clusterIP');
    assert.equal(await apply(inside), 'service/web configured');
    assert.equal(await read('service web', '.spec.ports[0].nodePort}{.spec.externalTrafficPolicy'), '');
    assert.equal(await kubectl.ok('replace -f -', { stdin: inside }), 'service/web replaced');
    assert.equal(await read('service web', '.spec.clusterIP'), address);
  });
});
