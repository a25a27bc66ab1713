import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment, Stored } from '../../shared/objects/types.ts';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: main
        image: hello:1
        env:
        - {name: A, value: "1"}
        - {name: B, value: "2"}
      volumes:
      - name: data
        emptyDir: {}
`;

describe('the real kubectl, without agents', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let kubectl: Kubectl;
  const file = (name: string): string => join(kubectl.home, name);

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  it('get: nothing, namespaces, wide, all namespaces', async () => {
    const { code, stderr } = await kubectl.run(['get', 'pods']);
    assert.deepEqual([code, stderr.trim()], [0, 'No resources found in default namespace.']);
    assert.equal(
      normalise(await kubectl.ok('get ns')),
      'NAME STATUS AGE\ndefault Active AGE\nkube-node-lease Active AGE\nkube-public Active AGE\nkube-system Active AGE',
    );
    assert.match(await kubectl.ok('get sa -A'), /kube-system +default/);
    assert.equal(await kubectl.fails('get pod nothing'), 'Error from server (NotFound): pods "nothing" not found');
    assert.match(await kubectl.fails('get gadgets'), /the server doesn't have a resource type "gadgets"/);
  });

  it('apply: created, unchanged, configured, with list elements removed and volumes replaced', async () => {
    await writeFile(file('web.yaml'), deployment);
    assert.equal(await kubectl.ok('apply -f web.yaml'), 'deployment.apps/web created');
    assert.equal(await kubectl.ok('apply -f web.yaml'), 'deployment.apps/web unchanged');
    const changed = deployment
      .replace('        - {name: A, value: "1"}\n', '')
      .replace('emptyDir: {}', 'hostPath: {path: /tmp}');
    await writeFile(file('web.yaml'), changed);
    const diff = await kubectl.run(['diff', '-f', 'web.yaml']);
    assert.equal(diff.code, 1, diff.stderr);
    assert.match(diff.stdout, /-.*emptyDir/);
    assert.equal(await kubectl.ok('apply -f web.yaml'), 'deployment.apps/web configured');
    const { spec } = api.store.get<Stored<Deployment>>('deployments.apps', 'default', 'web') ?? {};
    assert.deepEqual(spec?.template.spec?.containers[0]?.env, [{ name: 'B', value: '2' }]);
    assert.equal(spec?.template.spec?.volumes?.[0]?.emptyDir, undefined);
    assert.equal((await kubectl.run(['diff', '-f', 'web.yaml'])).code, 0);
  });

  it('apply: server-side, dry runs, refusals', async () => {
    await writeFile(file('map.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: "1"}\n');
    assert.equal(await kubectl.ok('apply --server-side -f map.yaml'), 'configmap/ssa serverside-applied');
    const other = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: "2"}\n';
    const refused = await kubectl.fails('apply --server-side --field-manager other -f -', { stdin: other });
    assert.match(refused, /conflict with "kubectl": \.data\.a/);
    await kubectl.ok('apply --server-side --field-manager other --force-conflicts -f -', { stdin: other });
    const dry = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dry}\n';
    assert.equal(
      await kubectl.ok('apply --dry-run=server -f -', { stdin: dry }),
      'configmap/dry created (server dry run)',
    );
    await kubectl.fails('get cm dry');
    const typo = deployment.replace('replicas', 'replicsa').replace('name: web', 'name: typo');
    assert.match(
      await kubectl.fails('apply -f -', { stdin: typo }),
      /strict decoding error: unknown field "spec.replicsa"/,
    );
    assert.match(await kubectl.fails('apply -n nowhere -f map.yaml'), /namespaces "nowhere" not found/);
  });

  it('create: file, generators and protobuf bodies', async () => {
    assert.equal(await kubectl.ok('create ns team'), 'namespace/team created');
    assert.equal(await kubectl.ok('create configmap conf --from-literal=a=1 -n team'), 'configmap/conf created');
    assert.equal(await kubectl.ok('create secret generic pass --from-literal=p=geheim -n team'), 'secret/pass created');
    assert.equal(
      await kubectl.ok('create deployment gen --image=hello:1 --replicas=3 -n team'),
      'deployment.apps/gen created',
    );
    assert.equal(await kubectl.ok('create sa bot -n team'), 'serviceaccount/bot created');
    assert.equal(await kubectl.ok('run one --image=hello:1 -n team'), 'pod/one created');
    assert.equal(
      await kubectl.fails('create configmap conf -n team'),
      'error: failed to create configmap: configmaps "conf" already exists',
    );
    assert.equal(await kubectl.ok('get secret pass -n team -o jsonpath={.data.p}'), 'Z2VoZWlt');
    assert.equal(await kubectl.ok('get cm conf -n team -o jsonpath={.data.a}'), '1');
    assert.equal(
      await kubectl.ok('create -f -', { stdin: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\n' }),
      'configmap/made created',
    );
  });

  it('get: tables, selectors, formats, sorting, chunks', async () => {
    assert.equal(
      normalise(await kubectl.ok('get deployments')),
      'NAME READY UP-TO-DATE AVAILABLE AGE\nweb 0/2 0 0 AGE',
    );
    assert.equal(
      normalise(await kubectl.ok('get pods -n team')),
      'NAME READY STATUS RESTARTS AGE\none 0/1 Pending 0 AGE',
    );
    assert.match(await kubectl.ok('get deploy web -o wide'), /hello:1 +app=web/);
    assert.equal(await kubectl.ok('get deploy -o name -A -l app=gen'), 'deployment.apps/gen');
    assert.equal(await kubectl.ok('get deploy web -o jsonpath={.spec.replicas}'), '2');
    assert.match(await kubectl.ok('get deploy web -o yaml'), /^kind: Deployment$/m);
    assert.match(await kubectl.ok('get pods -A --sort-by=.metadata.name --show-labels'), /run=one/);
    assert.equal(await kubectl.ok('get pods -n team --field-selector=status.phase=Pending -o name'), 'pod/one');
    for (let count = 0; count < 5; count += 1) await kubectl.ok(`create cm chunk-${count}`);
    assert.equal(
      (await kubectl.ok('get cm --chunk-size=2 --no-headers')).split('\n').filter((line) => line.startsWith('chunk-'))
        .length,
      5,
    );
    assert.match(await kubectl.ok('get all -n team'), /deployment\.apps\/gen/);
  });

  it('get --watch shows what comes', async () => {
    const watching = kubectl.run(['get', 'cm', 'later', '-w', '-o', 'name', '--request-timeout=4s']);
    await kubectl.ok('create cm later');
    const second = kubectl.run(['get', 'cm', '-w', '--request-timeout=3s', '--no-headers']);
    await kubectl.ok('label cm later seen=yes');
    assert.match((await second).stdout, /later/);
    await watching;
  });

  it('describe', async () => {
    assert.match(
      normalise(await kubectl.ok('describe deployment web')),
      /Replicas: 2 desired \| 0 updated \| 0 total \| 0 available/,
    );
    assert.match(await kubectl.ok('describe pod one -n team'), /Image: +hello:1/);
    assert.match(await kubectl.ok('describe ns team'), /Status: +Active/);
    assert.match(await kubectl.ok('describe cm conf -n team'), /Name: +conf/);
    assert.match(await kubectl.ok('describe secret pass -n team'), /p: +6 bytes/);
  });

  it('edit', async () => {
    const editor = file('editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i \'s/replicas: 2/replicas: 4/\' "$1"\n');
    await chmod(editor, 0o755);
    assert.equal(
      await kubectl.ok('edit deployment web', { env: { KUBE_EDITOR: editor } }),
      'deployment.apps/web edited',
    );
    assert.equal(await kubectl.ok('get deploy web -o jsonpath={.spec.replicas}'), '4');
  });

  it('scale', async () => {
    assert.equal(await kubectl.ok('scale deployment web --replicas=3'), 'deployment.apps/web scaled');
    assert.equal(
      await kubectl.ok('scale deployment web --current-replicas=3 --replicas=1'),
      'deployment.apps/web scaled',
    );
    assert.match(
      await kubectl.fails('scale deployment web --current-replicas=3 --replicas=1'),
      /Expected replicas to be 3, was 1/,
    );
    assert.equal(await kubectl.ok('get deploy web -o jsonpath={.spec.replicas}'), '1');
  });

  it('label, annotate', async () => {
    assert.equal(await kubectl.ok('label deployment web tier=front'), 'deployment.apps/web labeled');
    assert.match(await kubectl.fails('label deployment web tier=back'), /already has a value \(front\)/);
    assert.equal(await kubectl.ok('label deployment web tier=back --overwrite'), 'deployment.apps/web labeled');
    assert.equal(await kubectl.ok('label deployment web tier-'), 'deployment.apps/web unlabeled');
    assert.equal(await kubectl.ok('annotate deployment web note=hello'), 'deployment.apps/web annotated');
    assert.equal(await kubectl.ok('get deploy web -o jsonpath={.metadata.annotations.note}'), 'hello');
  });

  it('patch: strategic, merge, json', async () => {
    const strategic = `'{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"hello:2"}]}}}}'`;
    assert.equal(await kubectl.ok(`patch deployment web -p ${strategic}`), 'deployment.apps/web patched');
    assert.equal(await kubectl.ok(`patch deployment web -p ${strategic}`), 'deployment.apps/web patched (no change)');
    assert.equal(
      await kubectl.ok(`patch deployment web --type=merge -p '{"spec":{"replicas":2}}'`),
      'deployment.apps/web patched',
    );
    const json = `'[{"op":"replace","path":"/spec/replicas","value":5}]'`;
    assert.equal(await kubectl.ok(`patch deployment web --type=json -p ${json}`), 'deployment.apps/web patched');
    assert.equal(
      await kubectl.ok('get deploy web -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].image}'),
      '5/hello:2',
    );
    assert.equal(
      await kubectl.ok(`patch deployment web --subresource=status --type=merge -p '{"status":{"replicas":5}}'`),
      'deployment.apps/web patched',
    );
  });

  it('set image, replace', async () => {
    assert.equal(await kubectl.ok('set image deployment/web main=hello:3'), 'deployment.apps/web image updated');
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {x: "y"}\n';
    assert.equal(await kubectl.ok('replace -f -', { stdin: map }), 'configmap/made replaced');
    assert.equal(await kubectl.ok('get cm made -o jsonpath={.data.x}'), 'y');
    assert.match(
      await kubectl.ok('replace --force -f -', { stdin: map }),
      /configmap "made" deleted\nconfigmap\/made replaced/,
    );
    assert.match(await kubectl.fails('replace -f -', { stdin: map.replace('made', 'absent') }), /NotFound/);
  });

  it('rollout history, pause, resume, restart', async () => {
    const web = api.store.get<Stored<Deployment>>('deployments.apps', 'default', 'web');
    assert.ok(web);
    await api.store.create('replicasets.apps', {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: 'web-1',
        namespace: 'default',
        labels: { app: 'web', 'pod-template-hash': '1' },
        annotations: { 'deployment.kubernetes.io/revision': '1' },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: web.metadata.uid, controller: true },
        ],
      },
      spec: { replicas: 0, selector: web.spec?.selector, template: web.spec?.template },
    } as never);
    assert.equal(
      normalise(await kubectl.ok('rollout history deployment web')),
      'deployment.apps/web\nREVISION CHANGE-CAUSE\n1 <none>',
    );
    assert.equal(await kubectl.ok('rollout pause deployment web'), 'deployment.apps/web paused');
    assert.equal(await kubectl.ok('rollout resume deployment web'), 'deployment.apps/web resumed');
    assert.equal(await kubectl.ok('rollout restart deployment web'), 'deployment.apps/web restarted');
  });

  it('wait', async () => {
    assert.match(
      await kubectl.fails('wait --for=condition=Available deployment/web --timeout=1s'),
      /timed out waiting/,
    );
    assert.match(
      await kubectl.ok(`wait --for=jsonpath={.spec.replicas}=5 deployment/web --timeout=5s`),
      /condition met/,
    );
    const waiting = kubectl.ok('wait --for=delete cm/made --timeout=10s');
    await kubectl.ok('delete cm made');
    await waiting;
  });

  it('delete: by name, label, file, namespace with finalizer, with wait', async () => {
    assert.equal(await kubectl.ok('delete cm ssa'), 'configmap "ssa" deleted');
    assert.match(await kubectl.fails('delete cm ssa'), /configmaps "ssa" not found/);
    assert.equal(await kubectl.ok('delete cm ssa --ignore-not-found'), '');
    assert.equal(await kubectl.ok('delete -f web.yaml'), 'deployment.apps "web" deleted');
    assert.equal(await kubectl.ok('delete pod one -n team --grace-period=0 --force'), 'pod "one" force deleted');
    assert.equal(await kubectl.ok('delete deploy -n team -l app=gen'), 'deployment.apps "gen" deleted');
    const bound = await kubectl.ok('delete sa --all -n team');
    assert.match(bound, /serviceaccount "bot" deleted/);
    assert.equal(await kubectl.ok('delete ns team --wait=false'), 'namespace "team" deleted');
    assert.equal(normalise(await kubectl.ok('get ns team --no-headers')), 'team Terminating AGE');
    assert.match(
      await kubectl.fails('create cm late -n team'),
      /forbidden: unable to create new content in namespace team/,
    );
  });
});
