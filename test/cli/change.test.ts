import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { ControlPlane } from './control-plane.ts';

const map = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\ndata: {key: ${value}, other: x}\n`;

describe('berth changes objects', function () {
  this.timeout(240_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
    await plane.ok('apply -f -', { stdin: map('first') });
    await plane.ok('create deployment web --image=web:1 --image=side:1 -r 0');
  });

  after(async () => plane?.stop());

  const show = (what: string, path: string): Promise<string> =>
    plane.ok(['get', ...what.split(' '), '-o', `jsonpath=${path}`]);

  it('patches in three ways, and says when nothing was changed', async () => {
    assert.equal(await plane.ok(['patch', 'cm', 'm', '-p', 'data: {key: second}']), 'configmap/m patched');
    assert.equal(
      await plane.ok(['patch', 'cm/m', '--type=merge', '-p', '{"data":{"key":"second"}}']),
      'configmap/m patched (no change)',
    );
    const file = await plane.file('patch.json', '[{"op":"remove","path":"/data/other"}]');
    const dry = await plane.ok([
      'patch',
      'cm',
      'm',
      '--type=json',
      '--patch-file',
      file,
      '--dry-run',
      '-o',
      'jsonpath={.data}',
    ]);
    assert.equal(dry, '{"key":"second"}');
    assert.equal(await show('cm m', '{.data.other}'), 'x');
    const containers = '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:2"}]}}}}';
    await plane.ok(['patch', 'deployment', 'web', '-p', containers]);
    assert.equal(await show('deploy web', '{.spec.template.spec.containers[*].image}'), 'web:1 side:2');
    await plane.ok([
      'patch',
      'deployment',
      'web',
      '--subresource=scale',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":1}}',
    ]);
    assert.equal(await show('deploy web', '{.spec.replicas}'), '1');
    assert.match(await plane.fails(['patch', 'cm', 'm', '-p', '{"dat":{}}'], 1), /unknown field "dat"/);
    assert.match(await plane.fails('patch cm m', 2), /one of --patch or --patch-file/);
    assert.match(await plane.fails(['patch', 'cm', 'm', '-p', '{'], 2), /unable to read --patch/);
  });

  it('patches what files name', async () => {
    const [one, two] = ['one', 'two'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }));
    const file = await plane.file('maps.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [one, two] }));
    await plane.ok(['create', '-f', file]);
    const done = await plane.ok(['patch', '-f', file, '-p', '{"data":{"a":"b"}}']);
    assert.equal(done, 'configmap/one patched\nconfigmap/two patched');
    assert.equal(await show('cm two', '{.data.a}'), 'b');
  });

  it('replaces as a whole, and anew', async () => {
    const before = await show('cm m', '{.metadata.uid}');
    const only = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {key: third}\n';
    assert.equal(
      await plane.ok('replace -f - --dry-run=server', { stdin: only }),
      'configmap/m replaced (server dry run)',
    );
    assert.equal(await plane.ok('replace -f -', { stdin: only }), 'configmap/m replaced');
    assert.equal(await show('cm m', '{.data}{.metadata.labels}'), '{"key":"third"}');
    assert.equal(await show('cm m', '{.metadata.uid}'), before);
    const stored = await plane.ok('get cm m -o yaml');
    assert.equal(await plane.ok('replace --force -f -', { stdin: stored }), 'configmap/m replaced');
    assert.notEqual(await show('cm m', '{.metadata.uid}'), before);
    assert.match(await plane.fails('replace -f -', 1, { stdin: stored }), /Precondition failed: UID in precondition/);
    assert.match(
      await plane.fails('replace -f -', 1, { stdin: only.replace('name: m', 'name: nothing') }),
      /"nothing" not found/,
    );
  });

  it('edits with what the editor leaves, and shows what the server says against it', async () => {
    const edit = (editor: string, ...words: string[]): ReturnType<typeof plane.berth> =>
      plane.berth(['edit', 'deployment', 'web', ...words], { env: { KUBE_EDITOR: editor, TMPDIR: plane.directory } });
    const changed = await edit("sed -i 's/replicas: .*/replicas: 2/'");
    assert.deepEqual([changed.code, changed.stdout], [0, 'deployment.apps/web edited\n'], changed.stderr);
    assert.equal(await show('deploy web', '{.spec.replicas}'), '2');
    const json = await edit(`sed -i 's/"replicas": 2/"replicas": 3/'`, '-o', 'json');
    assert.deepEqual([json.code, json.stdout], [0, 'deployment.apps/web edited\n'], json.stderr);
    const untouched = await edit('true');
    assert.deepEqual([untouched.code, untouched.stderr], [0, 'Edit cancelled, no changes made.\n']);
    const emptied = await edit('truncate -s 0');
    assert.deepEqual([emptied.code, emptied.stderr], [0, 'Edit cancelled, saved file was empty.\n']);
    const seen = await plane.file('seen', '');
    // The first time it makes a mistake; the second time it reads what is said of it and mends it.
    const twice = `f() { if grep -q 'was not valid' "$1"; then cp "$1" ${seen}; sed -i 's/replicas: -1/replicas: 4/' "$1"; else sed -i 's/replicas: 3/replicas: -1/' "$1"; fi; }; f`;
    const mended = await edit(twice);
    assert.deepEqual([mended.code, mended.stdout], [0, 'deployment.apps/web edited\n'], mended.stderr);
    assert.match(readFileSync(seen, 'utf8'), /^# deployment.apps\/web was not valid:\n# \* .*spec\.replicas/m);
    assert.equal(await show('deploy web', '{.spec.replicas}'), '4');
    const hopeless = await edit("sed -i 's/^kind: .*/kind: Pod/'");
    assert.equal(hopeless.code, 1);
    assert.match(
      hopeless.stderr,
      /^berth: Edit cancelled, no valid changes were saved; a copy of your changes is in \S+\n$/,
    );
    assert.match((await edit('false')).stderr, /the editor "false" failed/);
  });

  it('sets images, environment and resources of containers', async () => {
    assert.equal(await plane.ok('set image deployment/web web=web:5'), 'deployment.apps/web image updated');
    assert.equal(await show('deploy web', '{.spec.template.spec.containers[*].image}'), 'web:5 side:2');
    await plane.ok(['set', 'image', 'deployments', '--all', '*=all:1']);
    assert.equal(await show('deploy web', '{.spec.template.spec.containers[*].image}'), 'all:1 all:1');
    assert.match(await plane.fails('set image deployment/web none=x', 1), /unable to find container named "none"/);
    assert.equal(await plane.ok('set env deploy web -c web A=1 B=2'), 'deployment.apps/web env updated');
    assert.equal(await plane.ok('set env deploy/web -c web A- B=3'), 'deployment.apps/web env updated');
    assert.equal(
      await plane.ok('set env deploy/web --list'),
      '# deployment.apps/web, container web\nB=3\n# deployment.apps/web, container side',
    );
    const limits = '--limits=cpu=200m,memory=512Mi --requests=cpu=100m';
    assert.equal(
      await plane.ok(`set resources deployment web -c side ${limits}`),
      'deployment.apps/web resource requirements updated',
    );
    const resources = await show('deploy web', '{.spec.template.spec.containers[1].resources}');
    assert.deepEqual(JSON.parse(resources), { limits: { cpu: '200m', memory: '512Mi' }, requests: { cpu: '100m' } });
    assert.match(await plane.fails('set image cm/m web=x', 1), /ConfigMap has no pods of its own/);
  });

  it('takes the environment from configmaps and secrets, as kubectl does', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for({ directory: plane.directory, kubeconfig: async () => plane.kubeconfig });
    await plane.ok('create configmap levels --from-literal=log-level=debug --from-literal=other=x');
    await plane.ok('create secret generic db --from-literal=password=hidden');
    for (const name of ['own', 'theirs']) await plane.ok(`create deployment ${name} --image=a:1 --image=b:1 -r 0`);
    const lines = [
      '--from=configmap/levels',
      '--from=secret/db --prefix=DB_ -c a',
      'PASSWORD=plain -e MORE=a=b',
      '--from=secret/db --keys=password MORE-',
      '--from=cm/levels --keys=log-level --overwrite=false --prefix=NEW_',
    ];
    const env = async (name: string): Promise<unknown> => {
      const lists = JSON.parse(await show(`deploy ${name}`, '{.spec.template.spec.containers}')) as {
        env?: { name: string }[];
      }[];
      return lists.map((container) => Object.fromEntries((container.env ?? []).map((each) => [each.name, each])));
    };
    for (const line of lines) {
      assert.equal(await plane.ok(`set env deployment/own ${line}`), 'deployment.apps/own env updated');
      await kubectl.ok(`set env deployment/theirs ${line}`);
      assert.deepEqual(await env('own'), await env('theirs'), line);
    }
    const tail = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => !/container [ab]$/.test(line))
        .sort();
    for (const flags of ['--list', '--list --resolve']) {
      const [own, theirs] = [
        await plane.ok(`set env deploy/own ${flags}`),
        await kubectl.ok(`set env deploy/own ${flags}`),
      ];
      assert.deepEqual(tail(own), tail(theirs), flags);
      assert.equal(/hidden/.test(own), flags.includes('resolve'));
    }
    const wrong: [string, 1 | 2, RegExp][] = [
      ['--from=configmap/none', 1, /configmaps "none" not found$/],
      ['--from=secret/db --keys=pasword', 1, /secret\/db has no key "pasword"; it has password$/],
      ['--from=pod/db', 2, /--from=pod\/db: name a configmap or a secret, as configmap\/web$/],
      ['--keys=a', 2, /--keys and --prefix go with --from$/],
      ['OTHER=y --overwrite=false', 1, /'OTHER' already has a value, and --overwrite is false$/],
    ];
    for (const [words, code, message] of wrong) {
      assert.match(await plane.fails(`set env deploy/own ${words}`, code), message);
    }
  });

  it('sets the account of pods', async () => {
    assert.equal(await plane.ok('set sa deploy/web builder'), 'deployment.apps/web serviceaccount updated');
    assert.equal(await show('deploy web', '{.spec.template.spec.serviceAccountName}'), 'builder');
    assert.match(await plane.fails('set serviceaccount deploy/web', 2), /name the account last/);
    for (const what of ['image deploy/web web=x', 'env deploy/web A=b', 'sa deploy/web a']) {
      assert.match(await plane.fails(`set ${what} -n nowhere`, 1), /"web" not found$/, what);
      assert.match(await plane.fails(`set ${what} --as nobody`, 1), /User "nobody" cannot get/, what);
    }
  });

  it('makes services, autoscalers and pods', async () => {
    const json = async (line: string): Promise<Record<string, unknown>> =>
      JSON.parse(await plane.ok(`${line} --dry-run=client -o json`)) as Record<string, unknown>;
    const service = await json('expose deployment web --port=80 --target-port=http');
    const ports = [{ port: 80, protocol: 'TCP', targetPort: 'http' }];
    assert.deepEqual(service['spec'], { type: 'ClusterIP', selector: { app: 'web' }, ports });
    assert.equal(await plane.ok('expose deploy/web --port=80 --name=front'), 'service/front exposed');
    assert.match(await plane.fails('expose deploy/web', 2), /couldn't find port via --port flag/);
    assert.equal(
      await plane.ok('autoscale deployment web --min=2 --max=5 --cpu-percent=80'),
      'horizontalpodautoscaler.autoscaling/web autoscaled',
    );
    assert.match(await show('hpa web', '{.spec.minReplicas}{.spec.maxReplicas}{..averageUtilization}'), /^25(80)?$/);
    assert.match(await plane.fails('autoscale deployment none --max=2', 1), /"none" not found/);
    const pod = await json('run one --image=i --env=A=b=c --port=80 --restart=Never -l a=b');
    const containers = [
      { name: 'one', image: 'i', env: [{ name: 'A', value: 'b=c' }], ports: [{ containerPort: 80 }] },
    ];
    assert.deepEqual(pod['spec'], { containers, restartPolicy: 'Never' });
    assert.equal(await plane.ok('run two --image=i -- --flag'), 'pod/two created');
    assert.equal(await show('pod two', '{.metadata.labels.run} {.spec.containers[0].args[0]}'), 'two --flag');
    assert.match(await plane.fails('run three --image=i --rm', 2), /--rm should only be used for attached containers/);
  });
});
