import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';

describe('the real kubectl on nodes and discovery', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  it('version, api-resources, api-versions, raw', async () => {
    assert.match(await kubectl.ok('version'), /Server Version: v1\.32\./);
    const resources = await kubectl.ok('api-resources --no-headers');
    assert.match(normalise(resources), /deployments deploy apps\/v1 true Deployment/);
    assert.match(await kubectl.ok('api-versions'), /^apps\/v1$/m);
    assert.equal(await kubectl.ok('get --raw /readyz'), 'ok');
    assert.match(await kubectl.ok('explain deployment.spec.replicas'), /FIELD: replicas <integer>/);
  });

  it('cordon, taint, events of what is there', async () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n';
    assert.equal(await kubectl.ok('apply -f -', { stdin: node }), 'node/n1 created');
    assert.equal(await kubectl.ok('cordon n1'), 'node/n1 cordoned');
    assert.match(normalise(await kubectl.ok('get node n1 --no-headers')), /^n1 \S+SchedulingDisabled /);
    assert.equal(await kubectl.ok('uncordon n1'), 'node/n1 uncordoned');
    assert.equal(await kubectl.ok('taint node n1 a=b:NoSchedule'), 'node/n1 tainted');
    assert.equal(await kubectl.ok('taint node n1 a-'), 'node/n1 untainted');
    assert.match(await kubectl.ok('describe node n1'), /Unschedulable: +false/);
    assert.match((await kubectl.run(['events'])).stderr, /No events found/);
  });
});
