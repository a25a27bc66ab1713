import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiHarness, type Json } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { berthArguments } from '../cli/control-plane.ts';
import { outputOf } from '../support/command.ts';

/** What differs between two renderings of one chart. */
interface Rendering {
  version: string;
  replicas: string;
  annotations: string;
  env: string;
  volume: string;
  port: string;
}

const first: Rendering = {
  version: '1',
  replicas: '3',
  annotations: '{checksum/config: aaa, owner: first}',
  env: '[{name: A, value: "1"}, {name: B, value: "2"}, {name: C, value: "3"}]',
  volume: 'emptyDir: {sizeLimit: 1Gi}',
  port: 'http',
};

const second: Rendering = {
  version: '2',
  replicas: 'null',
  annotations: '{checksum/config: bbb}',
  env: '[{name: C, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: D, value: "4"}]',
  volume: 'configMap: {name: shop, defaultMode: 0440}',
  port: 'web',
};

const render = ({ version, replicas, annotations, env, volume, port }: Rendering): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {app.kubernetes.io/version: "${version}"}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}, annotations: ${annotations}}
    spec:
      containers:
      - name: shop
        image: "shop:${version}"
        env: ${env}
        ports: [{name: ${port}, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: ${port}}}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, ${volume}}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{name: ${port}, port: 80, targetPort: ${port}}]
`;

const overlay: Readonly<Record<string, string>> = {
  'base/shop.yaml': render(first),
  'base/kustomization.yaml':
    'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [shop.yaml]\n',
  'live/replicas.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {replicas: 5}\n',
  'live/kustomization.yaml': `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: live-
resources: [../base]
labels: [{pairs: {env: live}, includeSelectors: true}]
images: [{name: shop, newTag: "7"}]
configMapGenerator: [{name: settings, literals: [level=info]}]
patches: [{path: replicas.yaml}]
`,
};

describe('the life of a chart', function () {
  this.timeout(180_000);
  let api: ApiHarness;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });

  after(() => api?.stop());

  function berth(words: string, stdin: string): Promise<string> {
    return outputOf(process.execPath, [...berthArguments, ...words.split(' ')], { env: kubectl.env, stdin });
  }

  /** What a namespace's shop is to be, without what the server chose. */
  function wanted(namespace: string): object {
    const parts = ['deployments.apps', 'services'].map((resource) => {
      const { metadata, spec } = api.store.get(resource, namespace, 'shop') as Json;
      const { clusterIP: _address, clusterIPs: _addresses, ...rest } = spec;
      return { labels: metadata.labels, spec: rest };
    });
    return { parts };
  }

  const ways: [string, (namespace: string, text: string) => Promise<unknown>][] = [
    ['kubectl apply', (namespace, stdin) => kubectl.ok(`apply -n ${namespace} -f -`, { stdin })],
    [
      'kubectl apply --server-side',
      (namespace, stdin) => kubectl.ok(`apply --server-side -n ${namespace} -f -`, { stdin }),
    ],
    ['berth apply', (namespace, stdin) => berth(`apply -n ${namespace} -f -`, stdin)],
  ];
  for (const [index, [way, apply]] of ways.entries()) {
    it(`becomes by ${way} what a fresh installation is, there and back`, async () => {
      const [fresh, upgraded] = [`fresh-${index}`, `upgraded-${index}`];
      await kubectl.ok(`create namespace ${fresh}`);
      await kubectl.ok(`create namespace ${upgraded}`);
      await apply(upgraded, render(first));
      const before = wanted(upgraded);
      await apply(upgraded, render(second));
      await apply(fresh, render(second));
      assert.deepEqual(wanted(upgraded), wanted(fresh));
      await apply(upgraded, render(first));
      assert.deepEqual(wanted(upgraded), before);
    });
  }

  it('is applied from a kustomization, again without a change by kubectl and berth, and deleted', async () => {
    for (const [name, text] of Object.entries(overlay)) {
      await mkdir(join(api.directory, name, '..'), { recursive: true });
      await writeFile(join(api.directory, name), text);
    }
    const live = join(api.directory, 'live');
    const made = await kubectl.ok(`apply -k ${live}`);
    assert.match(
      made,
      /^configmap\/live-settings-\w+ created\nservice\/live-shop created\ndeployment.apps\/live-shop created$/,
    );
    assert.equal(await kubectl.ok('get deployment live-shop -o jsonpath={.spec.replicas}{..image}'), '5shop:7');
    assert.equal((await kubectl.line(`diff -k ${live}`)).code, 0);
    const unchanged = made.replaceAll('created', 'unchanged');
    assert.equal(await kubectl.ok(`apply -k ${live}`), unchanged);
    assert.equal((await berth('apply -f -', await kubectl.ok(`kustomize ${live}`))).trimEnd(), unchanged);
    await kubectl.ok(`delete -k ${live}`);
    assert.equal(await kubectl.ok('get deployments,configmaps -l env=live -o name'), '');
  });

  it('is pruned as an apply set', async () => {
    const env = { KUBECTL_APPLYSET: 'true' };
    const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n---\n`;
    await kubectl.ok('create namespace set');
    const apply = (stdin: string): Promise<string> =>
      kubectl.ok('apply -n set --prune --applyset=secret/shop -f -', { stdin, env });
    assert.equal(await apply(map('a') + map('b')), 'configmap/a created\nconfigmap/b created');
    assert.equal(await apply(map('b')), 'configmap/b unchanged\nconfigmap/a pruned');
    assert.equal(await kubectl.ok('get configmaps -n set -o name'), 'configmap/b');
  });

  it('is recorded by Helm in Secrets of nearly a mebibyte, found by their labels', async () => {
    const path = '/api/v1/namespaces/default/secrets';
    const record = (version: number, status: string, bytes: number): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: `sh.helm.release.v1.shop.v${version}`,
        labels: { owner: 'helm', name: 'shop', status, version: String(version), createdAt: '1767225600' },
      },
      type: 'helm.sh/release.v1',
      data: { release: Buffer.alloc(bytes, 'x').toString('base64') },
    });
    const size = 1024 * 1024;
    assert.equal((await api.call('POST', path, { body: record(1, 'deployed', size) })).code, 201);
    const superseded = { body: record(1, 'superseded', size) };
    assert.equal((await api.call('PUT', `${path}/sh.helm.release.v1.shop.v1`, superseded)).code, 200);
    assert.equal((await api.call('POST', path, { body: record(2, 'deployed', size) })).code, 201);
    const tooLong = await api.call('POST', path, { body: record(3, 'deployed', size + 1) });
    assert.equal(tooLong.code, 422);
    assert.match(tooLong.json.message, /data: Too long/);
    const find = async (selector: string): Promise<string[]> => {
      const { json } = await api.call('GET', `${path}?labelSelector=${encodeURIComponent(selector)}`);
      return json.items.map((item: Json) => `${item.metadata.labels.version} ${item.data.release.length}`);
    };
    const length = Math.ceil(size / 3) * 4;
    assert.deepEqual(await find('owner=helm,name=shop'), [`1 ${length}`, `2 ${length}`]);
    assert.deepEqual(await find('name=shop,owner=helm,status in (deployed,failed)'), [`2 ${length}`]);
  });
});
