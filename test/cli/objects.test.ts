import assert from 'node:assert/strict';
import { ControlPlane } from './control-plane.ts';

const web = (image: string, replicas = 2): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web', tier: 'front' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    },
  });

const map = (name: string, data: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

describe('berth on objects', function () {
  this.timeout(180_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
    await plane.ok('apply -f -', { stdin: web('web:1') });
  });

  after(async () => plane?.stop());

  it('applies: made, unchanged, changed, and nothing in a dry run', async () => {
    const file = await plane.file('map.yaml', map('m', { a: '1' }));
    assert.equal(await plane.ok(['apply', '-f', file, '--dry-run']), 'configmap/m created (server dry run)');
    await plane.fails('get configmap m', 1);
    assert.equal(await plane.ok(['apply', '-f', file]), 'configmap/m created');
    assert.equal(await plane.ok(['apply', '-f', file]), 'configmap/m unchanged');
    await plane.file('map.yaml', map('m', { a: '2' }));
    const asked = await plane.ok(['apply', '-f', file, '--dry-run=client', '-o', 'jsonpath={.data.a}']);
    assert.equal(asked, '2');
    assert.equal(await plane.ok("get configmap m -o 'jsonpath={.data.a}'"), '1');
    assert.equal(await plane.ok(['apply', '-f', file]), 'configmap/m configured');
    assert.equal(await plane.ok(['apply', '-f', file, '-o', 'name']), 'configmap/m');
  });

  it('shows tables, objects, names and what a path leads to', async () => {
    const [table, labels, name, path, columns, json] = await Promise.all([
      plane.ok('get deployments'),
      plane.ok('-n default get deploy -L tier --show-labels --no-headers'),
      plane.ok('get deploy/web -o name'),
      plane.ok('get deployments -o \'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}\''),
      plane.ok("get deploy web -o 'custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[*].image'"),
      plane.ok('get deploy,cm web -o json --ignore-not-found'),
    ]);
    assert.match(table, /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +2 +0 +\d+s$/);
    assert.match(labels, /^web .* front +app=web,tier=front$/);
    assert.equal(name, 'deployment.apps/web');
    assert.equal(path, 'web');
    assert.equal(columns, 'NAME   IMAGE\nweb    web:1');
    const list = JSON.parse(json) as { kind: string; items: { kind: string }[] };
    assert.deepEqual([list.kind, list.items.map(({ kind }) => kind)], ['List', ['Deployment']]);
  });

  it('sorts, chooses by label and field, and takes objects from files', async () => {
    const file = await plane.file('two.yaml', `${map('z', {})}\n---\n${map('y', {})}\n`);
    await plane.ok(['apply', '-f', file]);
    const [sorted, byFile, none, everywhere] = await Promise.all([
      plane.ok('get pods --sort-by .metadata.name -o name'),
      plane.ok(['get', '-f', file, '--no-headers']),
      plane.berth('get pods -l app=none'),
      plane.ok('get ns,cm -A --field-selector metadata.name=default -o name'),
    ]);
    const pods = sorted.split('\n');
    assert.deepEqual(pods, [...pods].sort());
    assert.equal(pods.length, 2);
    assert.match(byFile, /^z .*\ny /);
    assert.deepEqual([none.code, none.stderr], [0, 'No resources found in default namespace.\n']);
    assert.equal(everywhere, 'namespace/default');
    assert.equal(await plane.ok(['delete', '-f', file]), 'configmap/y deleted\nconfigmap/z deleted');
  });

  it('describes for people', async () => {
    const [deployment, pods, machine] = await Promise.all([
      plane.ok('describe deployment/web'),
      plane.ok('describe pods -l app=web'),
      plane.ok('describe deployment web -o json'),
    ]);
    assert.match(deployment, /^Kind: +Deployment\nName: +web\n/);
    assert.match(deployment, /Replicas: +2 desired \| 2 updated \| 2 total \| 0 available \| 2 unavailable/);
    assert.match(deployment, /NewReplicaSet: +web-\w+ \(2\/2 replicas created\)/);
    assert.match(deployment, /Events:\n.*\n .*ScalingReplicaSet/);
    assert.match(pods, /Status: +Pending[^]*Image: +web:1[^]*PodScheduled +False[^]*FailedScheduling/);
    const { object, events } = JSON.parse(machine) as { object: { kind: string }; events: unknown[] };
    assert.equal(object.kind, 'Deployment');
    assert.notEqual(events.length, 0);
  });

  it('scales one and several, and only where it is as it was thought to be', async () => {
    await plane.ok('apply -f -', { stdin: web('api:1', 1).replaceAll('web', 'api') });
    assert.equal(await plane.ok('scale deployment/web --replicas=3'), 'deployment.apps/web scaled');
    const both = await plane.ok('scale deployment web api --replicas 1');
    assert.equal(both, 'deployment.apps/web scaled\ndeployment.apps/api scaled');
    assert.match(
      await plane.fails('scale deployment/web --replicas=9 --current-replicas=4', 1),
      /has 1 replicas, not 4/,
    );
    assert.match(await plane.fails('scale deployment/none --replicas=1', 1), /"none" not found/);
    const scale = await plane.ok(
      "scale deployment/web --replicas=2 --current-replicas=1 -o 'jsonpath={.spec.replicas}'",
    );
    assert.equal(scale, '2');
    assert.equal(await plane.ok('delete deployment api -o name'), 'deployment.apps/api');
  });

  it('waits for conditions, paths, creation and deletion, not longer than asked', async () => {
    const [met, byPath, late, absent] = await Promise.all([
      plane.ok('wait deployment/web --for=condition=Progressing --timeout=20s'),
      plane.ok("wait pod -l app=web --for 'jsonpath={.status.phase}=Pending' -o name"),
      plane.fails('wait deployment/web --for=condition=Nothing --timeout=100ms', 1),
      plane.fails('wait pod/none --for=condition=Ready', 1),
    ]);
    assert.equal(met, 'deployment.apps/web condition met');
    assert.equal(byPath.split('\n').length, 2);
    assert.match(late, /timed out waiting for condition=Nothing of deployment\.apps\/web/);
    assert.match(absent, /pods "none" not found/);
    const [created] = await Promise.all([
      plane.ok('wait configmap/later --for=create --timeout=60s'),
      plane.ok('apply -f -', { stdin: map('later', {}) }),
    ]);
    assert.equal(created, 'configmap/later condition met');
    const [gone] = await Promise.all([
      plane.ok('wait configmap/later --for=delete --timeout=60s'),
      plane.ok('delete configmap/later --wait=false'),
    ]);
    assert.equal(gone, 'configmap/later deleted');
  });

  it('steers rollouts', async () => {
    await plane.ok('apply -f -', { stdin: web('web:2') });
    await plane.ok(
      "wait deployment/web --for 'jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=2'",
    );
    const [history, second, waiting, undone] = await Promise.all([
      plane.ok('rollout history deployment/web'),
      plane.ok('rollout history deployment/web --revision=2'),
      plane.fails('rollout status deployment/web --timeout 200ms', 1).catch((error: unknown) => String(error)),
      plane.ok('rollout undo deployment/web --to-revision=1 --dry-run'),
    ]);
    assert.match(history, /^deployment\.apps\/web\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>$/);
    assert.match(second, /revision #2\ntemplate:[^]*image: web:2/);
    assert.match(waiting, /timed out waiting for the rollout/);
    assert.match(undone, /^deployment\.apps\/web rolled back to revision 1 \(server dry run\)$/);
    assert.equal(await plane.ok('rollout undo deployment/web'), 'deployment.apps/web rolled back to revision 1');
    assert.equal(await plane.ok("get deploy web -o 'jsonpath={..image}'"), 'web:1');
    await plane.ok(
      "wait deployment/web --for 'jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=3'",
    );
    assert.match(await plane.ok('rollout undo deployment/web --to-revision 3'), /is at revision 3 already/);
    assert.match(await plane.fails('rollout undo deployment/web --to-revision=9', 1), /no revision 9; there is/);
    assert.equal(await plane.ok('rollout pause deployment/web'), 'deployment.apps/web paused');
    assert.match(await plane.fails('rollout pause deployment/web', 1), /is paused already/);
    assert.match(await plane.fails('rollout restart deployment/web', 1), /berth rollout resume/);
    assert.equal(await plane.ok('rollout resume deployment/web'), 'deployment.apps/web resumed');
    assert.equal(await plane.ok('rollout restart deployment/web -o name'), 'deployment.apps/web');
  });

  it('goes back to what a manifest says after commands have changed it', async () => {
    await plane.ok('scale deployment/web --replicas=5');
    assert.equal(await plane.ok('apply -f -', { stdin: web('web:1', 1) }), 'deployment.apps/web configured');
    assert.equal(await plane.ok("get deploy web -o 'jsonpath={.spec.replicas}'"), '1');
  });

  it('tells what happened', async () => {
    const [about, warnings, objects] = await Promise.all([
      plane.ok('events --for deployment/web'),
      plane.ok('events -A --types Warning --no-headers'),
      plane.ok('events --for deploy/web -o json'),
    ]);
    assert.match(about, /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*deployment\/web/);
    assert.match(warnings, /^default .*FailedScheduling/);
    assert.doesNotMatch(warnings, /Normal/);
    const { items } = JSON.parse(objects) as { items: { involvedObject: { name: string } }[] };
    assert.ok(items.length > 0 && items.every(({ involvedObject }) => involvedObject.name === 'web'));
  });

  it('makes, lists and revokes tokens, and sums the cluster up', async () => {
    const { token } = JSON.parse(await plane.ok('token create --ttl 1h --uses 2 -o json')) as { token: string };
    assert.match(token, /^berth1\./);
    const [listed] = JSON.parse(await plane.ok('token list -o json')) as { id: string; usesLeft: number }[];
    assert.equal(listed?.usesLeft, 2);
    assert.equal(await plane.ok(`token revoke ${listed?.id}`), `token ${listed?.id} revoked`);
    assert.equal(await plane.ok('token list'), 'ID   EXPIRES   USES LEFT');
    assert.match(await plane.fails('token create --uses 0', 2), /--uses/);
    const status = await plane.ok('status');
    assert.match(status, /^server .*\nnodes +0 of 0 ready\npods +\d+ Pending\ndeployments +0 of 1 available/);
  });

  it('says what logs and exec cannot do', async () => {
    assert.match(await plane.fails('logs none', 1), /pods "none" not found/);
    const { code, stderr } = await plane.berth('exec deployment/web -- ls');
    assert.equal(code, 1);
    assert.match(stderr, /^berth: .* does not have a host assigned$/m);
    assert.match(await plane.fails('exec configmap/m -- ls', 2), /selects no pods/);
    assert.match(await plane.fails('logs', 2), /name a pod, or use -l/);
  });

  it('deletes by label and all of a type, and says when there is nothing', async () => {
    assert.match(await plane.fails('delete configmaps', 2), /-l, or all of them with --all/);
    assert.equal(await plane.ok('delete deployment/web --dry-run'), 'deployment.apps/web deleted (server dry run)');
    assert.equal(await plane.ok('delete deployments -l app=web --cascade=foreground'), 'deployment.apps/web deleted');
    const { code, stderr } = await plane.berth('delete deployments --all');
    assert.deepEqual([code, stderr], [0, 'No resources found.\n']);
    assert.equal(await plane.ok('delete configmap none --ignore-not-found'), '');
    assert.match(await plane.fails('delete configmap none', 1), /configmaps "none" not found/);
  });
});
