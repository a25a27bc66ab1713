import assert from 'node:assert/strict';
import { ApiHarness } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { createRunningPod } from '../api/running-pod.ts';
import { ApiError } from '../../shared/errors.ts';
import type { PodLogs } from '../../controller/api/pod-streams.ts';
import { CommandLine } from './control-plane.ts';

async function* says(pod: string): AsyncGenerator<Uint8Array, void> {
  if (pod === 'b') throw new ApiError('ServiceUnavailable', 'the node of b is away');
  yield Buffer.from(`${pod} speaks\n`);
}

describe('more flags of kubectl', function () {
  this.timeout(90_000);
  let api: ApiHarness;
  let line: CommandLine;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    const podLogs: PodLogs = { read: async ({ metadata }) => says(metadata.name), readDeleted: async () => undefined };
    api = await ApiHarness.start({ podLogs });
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  it('logs --ignore-errors: reads the others, and ends with 0', async () => {
    for (const name of ['a', 'b', 'c']) await createRunningPod(api, name);
    await line.ok('label pods a b c app=web --overwrite');
    const strict = await line.berth('logs -l app=web');
    assert.equal(strict.code, 1, strict.stderr);
    const { code, stdout, stderr } = await line.berth('logs -l app=web --ignore-errors');
    assert.equal(code, 0);
    assert.deepEqual(stdout.trimEnd().split('\n').sort(), ['a speaks', 'c speaks']);
    assert.match(stderr, /^error: pod\/b: \S[^\n]*\n$/);
  });

  it('run --expose: makes the pod and the service that kubectl makes', async () => {
    const spec = async (name: string): Promise<unknown> => {
      const { items } = JSON.parse(await kubectl.ok(`get pod/${name} service/${name} -o json`)) as {
        items: { metadata: { labels?: object; annotations?: object }; spec: Record<string, unknown> }[];
      };
      return items.map(({ metadata: { labels, annotations }, spec }) => [
        { labels, annotations },
        JSON.parse(
          JSON.stringify(spec)
            .replaceAll(/"10(\.\d+){3}"/g, '"ADDRESS"')
            .replaceAll(/kube-api-access-\w+/g, 'token')
            .replaceAll(name, 'NAME'),
        ),
      ]);
    };
    const flags = '--image=i --port=80 --expose --annotations=a=b --privileged -l app=x';
    const said = await line.ok(`run svc-own ${flags}`);
    assert.deepEqual(
      said.split('\n').sort(),
      (await kubectl.ok(`run svc-theirs ${flags}`)).replaceAll('svc-theirs', 'svc-own').split('\n').sort(),
    );
    assert.deepEqual(await spec('svc-own'), await spec('svc-theirs'));
    assert.match(await line.fails('run x --image=i --expose', 2), /--port must be set when exposing a service$/);
    assert.match(
      await line.ok('run x --image=i --port=1 --expose --dry-run=client -o yaml'),
      /kind: List[^]*kind: Service/,
    );
    assert.match(await line.fails('get service x', 1), /"x" not found/);
  });

  it('get --chunk-size and --subresource: the same in pieces, and parts of objects', async () => {
    for (const size of [0, 1, 2]) {
      assert.equal(await line.ok(`get pods -o name --chunk-size=${size}`), await kubectl.ok(`get pods -o name`));
      const names = "-o jsonpath='{.items[*].metadata.name}'";
      assert.equal(await line.ok(`get pods ${names} --chunk-size=${size}`), await kubectl.ok(`get pods ${names}`));
    }
    await line.ok('create deployment web --image=i -r 3');
    for (const part of ['scale', 'status']) {
      const words = `get deployment web --subresource=${part} -o jsonpath='{.kind} {.spec.replicas}'`;
      assert.equal(await line.ok(words), await kubectl.ok(words));
    }
    assert.match(
      await line.fails('get deployments --subresource=scale', 2),
      /--subresource needs the names of objects/,
    );
  });

  it('apply --prune-allowlist: takes only what is of these kinds', async () => {
    const object = (kind: string, name: string): string =>
      JSON.stringify({ apiVersion: 'v1', kind, metadata: { name, labels: { app: 'prune' } } });
    const all = [object('ConfigMap', 'one'), object('ConfigMap', 'two'), object('Secret', 'three')];
    await line.ok('apply -f -', { stdin: all.join('\n---\n') });
    const prune = 'apply -f - -l app=prune --prune --prune-allowlist=core/v1/ConfigMap';
    assert.equal(await line.ok(prune, { stdin: all[0] ?? '' }), 'configmap/one unchanged\nconfigmap/two pruned');
    assert.equal(await line.ok('get secret three -o name'), 'secret/three');
    const wrong: [string, RegExp][] = [
      ['--prune -l a=b --prune-allowlist=ConfigMap', /"ConfigMap" is not GROUP\/VERSION\/KIND, as core\/v1\/Pod$/],
      ['--prune -l a=b --prune-allowlist=core/v1/ConfigMapp', /--prune-allowlist: .*did you mean ConfigMap of v1\?$/],
      ['--prune-allowlist=core/v1/Pod', /--prune-allowlist goes with --prune$/],
      ['--force', /--force-conflicts takes over fields, berth replace --force makes anew$/],
      ['-k overlay', /berth has no kustomize of its own; use kubectl kustomize overlay \| berth apply -f -$/],
    ];
    for (const [flags, message] of wrong) {
      assert.match(await line.fails(`apply -f - ${flags}`, 2, { stdin: all[0] ?? '' }), message);
    }
  });

  it('rollout status --revision: fails for another one than runs', async () => {
    await line.ok('create deployment rolled --image=i -r 0');
    await line.ok('annotate deployment rolled deployment.kubernetes.io/revision=2');
    const words = 'rollout status deployment/rolled --watch=false';
    const own = await line.fails(`${words} --revision=1`, 1);
    assert.match(own, /desired revision \(1\) is different from the running revision \(2\)$/);
    assert.match(
      await line.ok(`${words} --revision=2`),
      /^Waiting for deployment "rolled" rollout|successfully rolled out$/,
    );
  });
});
