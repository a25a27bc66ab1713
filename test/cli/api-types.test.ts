import assert from 'node:assert/strict';
import { ApiHarness } from '../api/harness.ts';
import { CommandLine } from './control-plane.ts';

describe('berth on the API itself', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let line: CommandLine;

  before(async () => {
    api = await ApiHarness.start();
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
  });
  after(() => api?.stop());

  it('explains a field: its type, what it means, and what is below it', async () => {
    const ports = await line.ok('explain pods.spec.containers.ports');
    assert.match(
      ports,
      /^KIND: {7}Pod\nVERSION: {4}v1\n\nFIELD: ports <\[\]ContainerPort>\n\nDESCRIPTION:\n {4}List of ports/,
    );
    assert.match(
      ports,
      /\n {4}ContainerPort represents a network port in a single container\.\n\nFIELDS:\n {2}containerPort\t/,
    );
    assert.match(ports, /\n {2}containerPort\t<integer> -required-\n {4}Number of port to expose/);
    assert.match(ports, /\n {2}protocol\t<string>\n {2}enum: SCTP, TCP, UDP\n {4}Protocol for port/);
    assert.ok(ports.split('\n').every((each) => each.length <= 80));
  });

  it('explains a type, in a version, a single value, and the fields below without words', async () => {
    const [type, versioned, value, map, below] = await Promise.all([
      line.ok('explain deployments.apps'),
      line.ok('explain hpa.spec --api-version=autoscaling/v1'),
      line.ok('explain deploy.spec.template.spec.restartPolicy'),
      line.ok('explain pod.spec.nodeSelector'),
      line.ok('explain deploy.spec.strategy --recursive'),
    ]);
    assert.match(type, /^GROUP: {6}apps\nKIND: {7}Deployment\nVERSION: {4}v1\n\nDESCRIPTION:\n {4}Deployment enables/);
    assert.match(type, /\n {2}spec\t<DeploymentSpec>\n {4}\S/);
    assert.match(versioned, /VERSION: {4}v1\n[^]*\n {2}targetCPUUtilizationPercentage\t<integer>/);
    assert.match(value, /FIELD: restartPolicy <string>\nENUM:\n {4}Always\n {4}Never\n {4}OnFailure\n\nDESCRIPTION:/);
    assert.match(map, /FIELD: nodeSelector <map\[string\]string>\n/);
    assert.match(
      below,
      /FIELDS:\n {2}rollingUpdate\t<RollingUpdateDeployment>\n {4}maxSurge\t<IntOrString>\n {4}maxUnavailable\t<IntOrString>\n {2}type\t<string>\n {2}enum: Recreate, RollingUpdate$/,
    );
  });

  it('proposes the field that was meant', async () => {
    assert.match(
      await line.fails('explain pod.spec.contaners', 2),
      /field "contaners" does not exist; did you mean containers\?/,
    );
  });

  it('lists types by group, scope, verbs and category', async () => {
    const [apps, cluster, all, wide] = await Promise.all([
      line.ok('api-resources --api-group=apps'),
      line.ok('api-resources --namespaced=false -o name'),
      line.ok('api-resources --categories=all --verbs=list,delete --no-headers --sort-by=kind'),
      line.ok('api-resources --api-group policy -o wide'),
    ]);
    assert.match(
      apps,
      /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\ncontrollerrevisions +apps\/v1 +true +Controller/,
    );
    assert.match(apps, /\ndeployments +deploy +apps\/v1 +true +Deployment\n/);
    assert.match(cluster, /^namespaces\nnodes\n[^]*\nclusterroles\.rbac\.authorization\.k8s\.io\n/);
    assert.doesNotMatch(cluster, /^pods$/m);
    assert.match(all, /^cronjobs .*CronJob\n[^]*\nreplicasets /);
    assert.match(wide, /VERBS +CATEGORIES\npoddisruptionbudgets +pdb .* create,delete,deletecollection,get,list,/);
  });

  it('lists versions of the API, and tells the versions of both sides', async () => {
    const [versions, both, client, json] = await Promise.all([
      line.ok('api-versions'),
      line.ok('version'),
      line.ok('version --client'),
      line.ok('version -o json'),
    ]);
    const all = versions.split('\n');
    assert.deepEqual(all, [...all].sort());
    assert.ok(
      ['v1', 'apps/v1', 'autoscaling/v1', 'autoscaling/v2'].every((each) => all.includes(each)),
      versions,
    );
    assert.match(both, /^Client Version: v\d+\.\d+\.\d+\nServer Version: v1\.\d+\.\d+\+berth/);
    assert.match(client, /^Client Version: v[\d.]+$/);
    const { clientVersion, serverVersion } = JSON.parse(json) as Record<string, { gitVersion: string }>;
    assert.equal(both, `Client Version: ${clientVersion?.gitVersion}\nServer Version: ${serverVersion?.gitVersion}`);
  });

  it('says where the API is', async () => {
    assert.equal(await line.ok('cluster-info'), `Kubernetes control plane is running at ${api.url}`);
  });
});
